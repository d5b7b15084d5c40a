// Texts with {name} in them: which names, and what they become.

const placeholder = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g

/** Known of every entry. */
const given = ['unit', 'identifier', 'host']

/** Those that only a group of the pattern can fill. */
export function placeholdersOf(text: string): readonly string[] {
  return [...text.matchAll(placeholder)].map(([, name = '']) => name).filter((name) => !given.includes(name))
}

/** A group that took no part leaves nothing. */
export function fill(text: string, values: { readonly [name: string]: string | undefined }): string {
  return text.replace(placeholder, (_whole, name: string) => values[name] ?? '')
}
