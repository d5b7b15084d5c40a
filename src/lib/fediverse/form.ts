// A picture as a form of several parts, the way servers take uploads.
import { randomBytes } from 'node:crypto'

export interface Image {
  readonly png: Uint8Array
  /** For who cannot see it. */
  readonly alt: string
  readonly name: string
}

/** Mastodon and Pleroma take 1500 characters, Misskey 512. */
const altLengths = { description: 1500, comment: 500 } as const

export function toForm(
  { png, alt, name }: Image,
  altField: keyof typeof altLengths,
): { readonly headers: { readonly 'content-type': string }; readonly body: Uint8Array } {
  const boundary = `sereno-${randomBytes(12).toString('hex')}`
  const field = (head: string): string => `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n`
  // Ends as text does, without half a character.
  const words = alt.slice(0, altLengths[altField]).toWellFormed()
  const body = Buffer.concat([
    Buffer.from(`${field(`name="${altField}"`)}\r\n${words}\r\n`),
    Buffer.from(`${field(`name="file"; filename="${name}"`)}Content-Type: image/png\r\n\r\n`),
    png,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
  return { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, body }
}
