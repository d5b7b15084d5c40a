// Answers what is no HTTP request, or came too slowly to be one, on the bare socket.
import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface Unanswered {
  note(socket: Socket, response: ServerResponse): void
  /**
   * An answer is due on this connection, or half written: nothing may be written beside it. What spoils the body of the
   * only request there is may be said in its answer's place.
   */
  has(socket: Socket): boolean
}

export function watchUnanswered(): Unanswered {
  const last = new WeakMap<Socket, ServerResponse>()
  return {
    note: (socket, response) => void last.set(socket, response),
    has(socket) {
      const response = last.get(socket)
      if (response === undefined || response.writableFinished) return false
      const isItsTurn = response.socket === socket
      return !isItsTurn || response.headersSent || response.req.complete
    },
  }
}

const answers: { readonly [code: string]: readonly [status: number, error: string] } = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are larger than 16 KiB together, the most that is taken.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The chunk extensions of the body are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time; send it again.'],
}
const malformed = [400, 'This is no well-formed HTTP request.'] as const

/** `busy`: as `Unanswered.has` says. */
export function refuseRaw(error: NodeJS.ErrnoException, socket: Socket, busy: boolean): void {
  if (busy || !socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const [status, sentence] = answers[error.code ?? ''] ?? malformed
  const body = JSON.stringify({ error: sentence })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}
