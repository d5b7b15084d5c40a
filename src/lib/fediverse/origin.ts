// The address of a server as people write it: its origin, since all its paths are known.

/** `https://social.example.org`; undefined for what is no http or https address, or has a name or password in it. */
export function originOf(text: string): string | undefined {
  const url = URL.parse(text.trim())
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined
  return url.hostname === '' ? undefined : url.origin
}
