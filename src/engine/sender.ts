// A channel kind with its options, made ready for the outbox: composing, rendering, a deadline, and our own bugs caught.
import type { ChannelKind, ChannelTools, Part } from '../channel.ts'
import type { Delivery, HubEvent, Message, Outcome } from '../words.ts'
import { compose, type ComposeTools } from './compose.ts'
import type { RenderedPart, Sender } from './lane.ts'

export interface SenderTools extends ComposeTools {
  now(): number
  /** Absent: nothing is drawn here. */
  readonly graph?: ChannelTools['graph']
  request: ChannelTools['request']
  print: ChannelTools['print']
  readonly log: ChannelTools['log']
}

export interface ChannelSetting {
  readonly name: string
  readonly kind: ChannelKind
  readonly options: unknown
  /** Instead of the service's own pace. */
  readonly minIntervalMs?: number | undefined
}

/** Leases, so to speak, end with the process; a send ends with its deadline. */
const sendDeadlineMs = 30_000

export function createSender({ name, kind, options, minIntervalMs }: ChannelSetting, tools: SenderTools): Sender {
  const place = { zone: tools.zone, ...(tools.hubUrl === undefined ? {} : { hubUrl: tools.hubUrl }) }
  return {
    concurrency: kind.limits.concurrency ?? 1,
    minIntervalMs: minIntervalMs ?? kind.limits.minIntervalMs ?? 0,
    render(delivery, events) {
      const message = composeSafely(delivery, events, tools)
      return renderSafely(kind, message, options, place, tools).map((part) => ({ ...part, title: message.title }))
    },
    async send(part, delivery, number, handles) {
      try {
        return await kind.send(part as Part, options, {
          delivery: {
            id: delivery.id,
            recipient: delivery.recipient,
            attempt: delivery.attempts,
            idempotencyKey: `${delivery.id}-${number}`,
            kind: delivery.kind,
            thread: { id: delivery.thread, ...handles },
          },
          signal: AbortSignal.timeout(sendDeadlineMs),
          now: tools.now,
          graph: (graph) => tools.graph?.(graph) ?? Promise.resolve(undefined),
          request: tools.request,
          print: tools.print,
          log: tools.log,
        })
      } catch (error) {
        tools.log.error('a channel failed in an unexpected way', { channel: name, error: String(error) })
        return bug(name)
      }
    },
  }
}

export type { RenderedPart }

function composeSafely(delivery: Delivery, events: readonly HubEvent[], tools: SenderTools): Message {
  try {
    return compose(delivery, events, tools)
  } catch (error) {
    tools.log.error('composing a message failed', { delivery: delivery.id, error: String(error) })
    return plain(delivery, events)
  }
}

function renderSafely(
  kind: ChannelKind,
  message: Message,
  options: unknown,
  place: Parameters<ChannelKind['render']>[2],
  tools: SenderTools,
): readonly Part[] {
  try {
    return kind.render(message, options, place)
  } catch (error) {
    tools.log.error('rendering a message failed', { error: String(error) })
    return kind.render({ ...message, fields: [], lines: [], notes: [], links: [] }, options, place)
  }
}

/** The least that can be said, when an event's own words cannot be made. */
function plain(delivery: Delivery, events: readonly HubEvent[]): Message {
  const [first] = events
  return {
    title: first?.title ?? first?.type ?? 'A message',
    severity: delivery.severity,
    fields: [],
    lines: first?.text === undefined ? [] : [first.text],
    links: [],
    notes: [],
    ids: events.map((event) => event.id),
    at: first?.time ?? delivery.createdAt,
  }
}

function bug(channel: string): Outcome {
  const detail = `Sereno itself failed while sending to ${channel}; its log says more`
  return { ok: false, reason: 'rejected', retry: false, maybeDelivered: false, detail }
}
