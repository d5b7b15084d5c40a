// Reads the body of a request: counted byte by byte, with a deadline, and bounded over all requests together.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createPile } from '../lib/pile.ts'

export interface BodyLimits {
  /** Of one body. */
  readonly bytes: number
  /** From its first to its last byte. */
  readonly deadlineMs: number
  /** Of all bodies that are being read or worked on. */
  readonly allBytes: number
}

export type Body =
  | { readonly ok: true; readonly bytes: Buffer; release(): void }
  | { readonly ok: false; readonly status: 400 | 408 | 413 | 415 | 503; readonly error: string }
  /** The client went away: nobody to answer. */
  | { readonly ok: false; readonly status: 0 }

export interface BodyReader {
  read(request: IncomingMessage, response: ServerResponse): Promise<Body>
  /** Bytes held now. */
  readonly held: number
}

export function createBodyReader(limits: () => BodyLimits): BodyReader {
  let held = 0

  function read(request: IncomingMessage, response: ServerResponse): Promise<Body> {
    const { bytes: most, deadlineMs, allBytes } = limits()
    const encoding = request.headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      const error = `The body is encoded as ${encoding.slice(0, 40)}, which is not read here; send it without Content-Encoding.`
      return Promise.resolve({ ok: false, status: 415, error })
    }
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > most) return Promise.resolve(tooLarge(most))
    if (held + announced > allBytes) return Promise.resolve(busy())
    if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue()

    const { promise, resolve } = Promise.withResolvers<Body>()
    const pile = createPile()
    let size = 0
    const timer = setTimeout(() => end(tooSlow(deadlineMs)), deadlineMs)
    const end = (body: Body): void => {
      clearTimeout(timer)
      request.off('data', take).off('end', complete).off('close', gone).off('error', gone)
      if (!body.ok) held -= size
      resolve(body)
    }
    const take = (chunk: Buffer): void => {
      size += chunk.byteLength
      held += chunk.byteLength
      if (size > most) return end(tooLarge(most))
      if (held > allBytes) return end(busy())
      pile.add(chunk)
    }
    const complete = (): void => {
      end({ ok: true, bytes: pile.toBuffer(), release: once(() => (held -= size)) })
    }
    const gone = (): void => end({ ok: false, status: 0 })
    request.on('data', take).on('end', complete).on('close', gone).on('error', gone)
    return promise
  }

  return {
    read,
    get held() {
      return held
    },
  }
}

/**
 * Reads and throws away what the client still sends after its answer, so that it gets to read the answer at all: a
 * socket closed with unread bytes is reset. Cut off when it takes too long.
 */
export function discardRest(request: IncomingMessage, withinMs: number): void {
  if (request.complete) return
  const timer = setTimeout(() => request.socket.destroy(), withinMs)
  request
    .on('error', () => {})
    .once('close', () => clearTimeout(timer))
    .once('end', () => clearTimeout(timer))
    .resume()
}

function once(act: () => void): () => void {
  let done = false
  return () => {
    if (!done) act()
    done = true
  }
}

function tooLarge(most: number): Body {
  const error = `The body is larger than ${most} bytes, the most that is taken; send less at a time, or raise hub.maxBody.`
  return { ok: false, status: 413, error }
}

function tooSlow(deadlineMs: number): Body {
  return { ok: false, status: 408, error: `The body did not arrive within ${deadlineMs / 1000} s; send it again.` }
}

function busy(): Body {
  return { ok: false, status: 503, error: 'Too much is being taken in at this moment; send it again in a few seconds.' }
}
