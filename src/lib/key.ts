// Keys of state rows: parts joined by `|`, each escaped so that no value can pose as two.

export function toKey(...parts: readonly string[]): string {
  let key = ''
  for (const part of parts) key += (key === '' ? '' : '|') + (/[|%]/.test(part) ? escape(part) : part)
  return key
}

function escape(part: string): string {
  return part.replaceAll('%', '%25').replaceAll('|', '%7C')
}
