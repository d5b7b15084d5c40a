// Sends messages by the channel fediverse as the outbox does, each as its own delivery of a thread.
import assert from 'node:assert/strict'
import type { ChannelTools, Part, Picture } from '../../src/channel.ts'
import fediverse from '../../src/channels/fediverse/index.ts'
import { request } from '../../src/lib/http.ts'
import type { IntentKind, Message, Outcome } from '../../src/words.ts'

export const place = { zone: 'Europe/Rome', hubUrl: 'https://hub.example.org' }

export const disk: Message = {
  title: 'nas: /data is full at 91 %',
  severity: 'error',
  fields: [{ name: 'Free', value: '4.2 GB' }],
  lines: [],
  links: [{ text: 'why', url: 'https://hub.example.org/events/01k9zq' }],
  notes: [],
  ids: ['01k9zq'],
  at: Date.UTC(2026, 10, 20, 12),
}

export interface Sent {
  readonly kind?: IntentKind
  readonly first?: string
  readonly key?: string
  readonly signal?: AbortSignal
  readonly now?: number
  readonly graph?: () => Promise<Picture | undefined>
  readonly warned?: string[]
}

/** Servers are remembered for an hour; the next test may be given the port of the one before. */
let clock = Date.UTC(2026, 10, 20, 12)

export function optionsOf(url: string, more: object = {}): unknown {
  clock += 7_200_000
  return fediverse.options.parse({ url, token: 'the-token-of-the-account', ...more })
}

export async function send(message: Message, options: unknown, sent: Sent = {}): Promise<Outcome> {
  type Options = Parameters<typeof fediverse.send>[1]
  const [part] = fediverse.render(message, options as Options, place)
  // As the store keeps it.
  const stored = JSON.parse(JSON.stringify(part ?? assert.fail())) as Part
  return fediverse.send(stored, options as Options, toolsOf(sent))
}

function toolsOf({ kind = 'open', first, key = '01d-1', signal, now = 0, graph, warned }: Sent): ChannelTools {
  return {
    delivery: {
      id: '01d',
      recipient: '',
      attempt: 1,
      idempotencyKey: key,
      kind,
      thread: { id: 't', ...(first === undefined ? {} : { first, last: first }) },
    },
    signal: signal ?? AbortSignal.timeout(20_000),
    now: () => clock + now,
    graph: graph ?? (async () => undefined),
    request,
    print: () => {},
    log: { info: () => {}, warn: (text) => void warned?.push(text), error: (text) => void warned?.push(text) },
  }
}

export function handleOf(outcome: Outcome): string {
  assert.equal(outcome.ok, true, JSON.stringify(outcome))
  return (outcome.ok && outcome.handle) || assert.fail('it has no handle')
}
