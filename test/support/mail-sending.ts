// Sends a message by the channel email, as the outbox would, to a server that a test names.
import assert from 'node:assert/strict'
import type { ChannelTools } from '../../src/channel.ts'
import email from '../../src/channels/email/index.ts'
import { request } from '../../src/lib/http.ts'
import type { Message, Outcome } from '../../src/words.ts'

export interface Sending {
  readonly message?: Message
  readonly signal?: AbortSignal
  readonly delivery?: Partial<ChannelTools['delivery']>
  readonly now?: number
  readonly graph?: ChannelTools['graph']
}

export const sample: Message = {
  title: 'Backup of nas failed',
  severity: 'error',
  fields: [{ name: 'Repository', value: 'nas', code: true }],
  lines: ['exit status 1\nsee the log'],
  links: [],
  notes: [],
  ids: ['01k9zq8va'],
  at: Date.UTC(2026, 10, 20, 12),
}

export const place = { zone: 'Europe/Rome', hubUrl: 'https://hub.example' }

/** `given` is what a config would say beside from and to; the host is 127.0.0.1 unless it says otherwise. */
export async function sendWith(given: { readonly [name: string]: unknown }, sending: Sending = {}): Promise<Outcome> {
  const host = given['smarthost'] === undefined ? { host: '127.0.0.1' } : {}
  const options = email.options.parse({ ...host, from: 'sereno@example.org', to: 'ops@example.org', ...given })
  const [part, ...others] = email.render(sending.message ?? sample, options, place)
  assert.ok(part)
  assert.equal(others.length, 0)
  const outcome = await email.send(part, options, {
    delivery: {
      id: 'd1',
      recipient: options.to[0] ?? '',
      attempt: 1,
      idempotencyKey: 'd1-0',
      kind: 'open',
      thread: { id: 'nas|backup' },
      ...sending.delivery,
    },
    signal: sending.signal ?? new AbortController().signal,
    now: () => sending.now ?? Date.UTC(2026, 10, 20, 12, 0, 5),
    graph: sending.graph ?? (async () => undefined),
    request,
    print: () => assert.fail('nothing to print'),
    log: { info: () => {}, warn: () => {}, error: () => {} },
  })
  if (!outcome.ok) assert.match(outcome.detail, /^\S[^\n]{10,399}$/)
  return outcome
}

export function endOf(outcome: Outcome): readonly unknown[] {
  return outcome.ok ? ['ok'] : [outcome.reason, outcome.retry, outcome.maybeDelivered]
}

export function wordsOf(outcome: Outcome): string {
  return outcome.ok ? '' : outcome.detail
}
