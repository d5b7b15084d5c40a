// Pictures on a double: taken, processed for a while, attached once. https://docs.joinmastodon.org/methods/media/
import { graphemes, text, type Asked, type Said } from './fediverse-double.ts'

export interface Media {
  readonly id: string
  readonly alt: string
  readonly bytes: number
  waits: number
  used: boolean
}

export interface MediaDouble {
  readonly media: Map<string, Media>
  upload(fields: Asked['fields']): Said
  processed(id: string): Said
}

/** `processing`: how often one is not ready yet when it is asked for. */
export function createMedia(newId: () => string, processing: number): MediaDouble {
  const media = new Map<string, Media>()

  function upload(fields: Asked['fields']): Said {
    const file = fields['file'] as { readonly type?: string; readonly bytes: number } | undefined
    if (file === undefined || !file.type?.startsWith('image/')) {
      return { status: 422, body: { error: 'Validation failed: File content type is invalid, File is invalid' } }
    }
    const alt = text(fields['description'])
    if (graphemes(alt) > 1500) return { status: 422, body: { error: 'Validation failed: Description is too long' } }
    const one: Media = { id: newId(), alt, bytes: file.bytes, waits: processing, used: false }
    media.set(one.id, one)
    return {
      status: one.waits > 0 ? 202 : 200,
      body: { id: one.id, type: 'image', url: one.waits > 0 ? null : `https://files.example/${one.id}.png` },
    }
  }

  function processed(id: string): Said {
    const one = media.get(id)
    if (one === undefined) return { status: 404, body: { error: 'Record not found' } }
    if (one.waits === 0) return { status: 200, body: { id, url: `https://files.example/${id}.png` } }
    one.waits -= 1
    return { status: 206, body: { id, url: null } }
  }

  return { media, upload, processed }
}
