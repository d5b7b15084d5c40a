// The server's stream of notifications: only a knock on the door; what is new is asked for, so that nothing is lost or heard twice.
// https://docs.joinmastodon.org/methods/streaming/#websocket
import { setTimeout as sleep } from 'node:timers/promises'
import type { SourceTools } from '../../source.ts'

export interface Stream {
  /** Where it is and the token for it; undefined: there is none, or it is not known yet. */
  place(): Promise<{ readonly url: string; readonly token: string } | undefined>
  /** It is open: from now on news are told; what came before may not have been. */
  opened(): void
  news(): void
  closed(): void
}

const shortestMs = 1000
const longestMs = 300_000
const openMs = 20_000

/** Opens it again and again until the signal, ever more seldom while it fails. */
export async function followStream(stream: Stream, { signal, log, name }: SourceTools): Promise<void> {
  let waitMs = shortestMs
  let isTold = false
  while (!signal.aborted) {
    const place = await stream.place()
    if (place !== undefined) {
      const wasOpen = await listen(place, stream, signal)
      if (wasOpen) waitMs = shortestMs
      else if (!isTold) {
        isTold = true
        log.info('the stream of notifications cannot be opened; the server is asked from time to time instead', {
          source: name,
        })
      }
    }
    // Spread, so that all who lost a server do not come back at once.
    await sleep(waitMs * (0.8 + Math.random() * 0.4), undefined, { signal }).catch(() => {})
    waitMs = Math.min(waitMs * 2, longestMs)
  }
}

/** Until it ends; whether it was open at all. */
function listen(
  place: { readonly url: string; readonly token: string },
  stream: Stream,
  signal: AbortSignal,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = open(place)
  if (socket === undefined) return Promise.resolve(false)
  let isOpen = false
  const end = (): void => {
    clearTimeout(deadline)
    signal.removeEventListener('abort', end)
    if (socket.readyState < WebSocket.CLOSING) socket.close()
    if (isOpen) stream.closed()
    resolve(isOpen)
  }
  const deadline = setTimeout(end, openMs)
  signal.addEventListener('abort', end)
  socket.addEventListener('open', () => {
    clearTimeout(deadline)
    isOpen = true
    stream.opened()
  })
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string' && data.slice(0, 1000).includes('notification')) stream.news()
  })
  socket.addEventListener('error', end, { once: true })
  socket.addEventListener('close', end, { once: true })
  return promise
}

/** The token goes where no log of addresses sees it, unless it has characters that cannot stand there. */
function open({ url, token }: { readonly url: string; readonly token: string }): WebSocket | undefined {
  const address = `${url.replace(/\/+$/, '')}/api/v1/streaming?stream=user:notification`
  try {
    return /^[\w.~+-]+$/.test(token)
      ? new WebSocket(address, [token])
      : new WebSocket(`${address}&access_token=${encodeURIComponent(token)}`)
  } catch {
    return undefined
  }
}
