// What is answered when a request could not be: the store refused, or we made a mistake, which only the log tells.
import { NotStored, type Log } from '../source.ts'
import { StoreFailed } from '../store/store.ts'

export interface Failure {
  readonly status: 500 | 503
  readonly error: string
  readonly headers: { readonly [name: string]: string }
}

/** Seconds. A full disk is rarely emptied sooner, and senders of logs keep little. */
export const comeAgain = { 'retry-after': '5' }

export function toFailure(
  error: unknown,
  asked: { readonly method: string; readonly path: string },
  log: Log,
): Failure {
  if (error instanceof NotStored || error instanceof StoreFailed) {
    const sentence = `It could not be stored (${error.message}); nothing of it was kept. Send it again later.`
    return { status: 503, error: sentence, headers: comeAgain }
  }
  log.error('a request could not be answered because of a mistake in Sereno; the hub goes on', {
    asked: `${asked.method} ${asked.path.slice(0, 200)}`,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
  return { status: 500, error: 'Something went wrong in Sereno itself; its log says more.', headers: {} }
}
