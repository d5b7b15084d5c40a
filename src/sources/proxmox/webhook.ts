// POST /api/v1/webhook/<source>: what Proxmox's notification system sends; answered when it is on disk.
import type { SourceRequest, SourceResponse, SourceTools } from '../../source.ts'
import { readNotification, takeNotification, type Taking } from './notification.ts'

/** A job over hundreds of guests, with its log. */
const longestBody = 1024 * 1024

export function createWebhook(
  taking: Taking,
  { emit, now, measure }: Pick<SourceTools, 'emit' | 'now' | 'measure'>,
): (request: SourceRequest) => Promise<SourceResponse> {
  const counts = { notifications_taken_total: 0, notifications_ignored_total: 0 }
  function count(name: keyof typeof counts): void {
    counts[name] += 1
    measure(name, counts[name])
  }
  return async ({ body }) => {
    if (body.length > longestBody) {
      const error = `A notification may have 1 MiB, this one has ${body.length} bytes. Nothing of it was taken.`
      return { status: 413, body: { error } }
    }
    const notification = readNotification(body, now())
    if (typeof notification === 'string') return { status: 400, body: { error: notification } }
    const { facts, events } = takeNotification(notification, taking)
    if (facts.length + events.length === 0) {
      count('notifications_ignored_total')
      return { status: 202, body: { accepted: 0, duplicates: 0, ignored: 1 } }
    }
    const { accepted, duplicates } = await emit({ facts, events })
    count('notifications_taken_total')
    return { status: 202, body: { accepted: accepted + facts.length, duplicates, ignored: 0 } }
  }
}
