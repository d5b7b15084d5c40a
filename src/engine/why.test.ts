// Every state an event can end in, or wait in, is told in words that say what happened and what comes next.
import { describe, test } from 'node:test'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { reasons, type Delivery, type HubEvent, type Verdict, type VerdictState } from '../words.ts'
import type { Rule } from '../rule.ts'
import type { DeliveryDetail } from '../store/store.ts'
import { explainEvent, type WhyInput } from './why.ts'

const at = Date.UTC(2026, 4, 10, 13, 12, 17)
const second = 1000

const event: HubEvent = {
  seq: 41,
  id: '000000019',
  type: 'kms.activation',
  time: at,
  receivedAt: at + second,
  source: 'kms',
  host: 'vlmcsd-1',
  subject: 'WIN10Pro-DS32',
  severity: 'info',
  labels: { zone: 'external' },
  data: { machine: 'WIN10Pro-DS32' },
}

const rule: Rule = {
  name: 'kms',
  on: ['kms.activation'],
  where: [],
  to: ['team'],
  stop: false,
}

const delivery: Delivery = {
  id: '00000001a',
  seq: 42,
  channel: 'team',
  recipient: '',
  thread: 'team|41',
  kind: 'open',
  rule: 'kms',
  events: [41],
  severity: 'info',
  extra: {},
  state: 'delivered',
  attempts: 1,
  unanswered: 0,
  createdAt: at + second,
  dueAt: at + second,
  expireAt: at + 86_400 * second,
  endedAt: at + 2 * second,
}

const verdict: Verdict = {
  event: 41,
  rule: 'kms',
  channel: 'team',
  state: 'delivered',
  by: 'outbox',
  reason: '',
  into: '00000001a',
  at: at + 2 * second,
}

describe('the first line', () => {
  test('says which event, when in the reader’s zone, and from where', () => {
    const { lines } = explain({ zone: 'Europe/Madrid' })
    assert.equal(
      lines[0],
      '000000019  kms.activation  2026-05-10 15:12:17  WIN10Pro-DS32  (info, from kms, on vlmcsd-1)',
    )
  })

  test('is followed by the condition, late receipt and the hub’s own making, where they apply', () => {
    const { lines } = explain({
      event: {
        ...event,
        receivedAt: at + 3_600_000,
        cause: 7,
        condition: { key: 'disk /', state: 'firing' },
      },
    })
    assert.deepEqual(lines.slice(1, 4), [
      'condition "disk /": firing',
      'received 14:12:17, late',
      'made by the hub itself',
    ])
  })
})

describe('an event that was told', () => {
  test('delivered at once', () => {
    assert.deepEqual(words({}), ['message 00000001a was delivered 13:12:19 after 1 attempt'])
  })

  test('delivered after failures shows each attempt', () => {
    const why = explain({ verdicts: [verdict], deliveries: [detail({ attempts: 2 }, 'timeout', 'ok')] })
    assert.deepEqual(why.lines.slice(1), [
      'rule "kms" matched → team: message 00000001a was delivered 13:12:19 after 2 attempts',
      '  13:12:17 attempt 1: timeout: no answer within 10 s (it may have arrived)',
      '  13:12:18 attempt 2: delivered',
    ])
  })

  test('with repeats held before it', () => {
    assert.deepEqual(words({ extra: { held: 4, heldSince: at - 600 * second } }), [
      'message 00000001a was delivered 13:12:19 after 1 attempt; it also tells of 4 repeats held back since 13:02:17',
    ])
  })

  test('in a digest, named and unnamed', () => {
    const digest = { kind: 'digest', extra: { unnamed: 37, heldBy: 'throttle' } } as const
    assert.match(
      words({ ...digest })[0] ?? '',
      /; it is a digest of 38 events that came faster than the throttle allows$/,
    )
    assert.match(words({ ...digest, events: [7] })[0] ?? '', /; this event is counted there, not named$/)
  })

  test('in place of a channel that could not be', () => {
    assert.match(
      words({ extra: { fallbackFor: 'mail' } })[0] ?? '',
      /; it was sent in place of mail, which could not be told$/,
    )
  })

  test('as a fallback, or of the hub’s own accord, is no rule’s doing', () => {
    const fallback = explain({
      rules: [],
      verdicts: [{ ...verdict, rule: '(fallback)' }],
      deliveries: [detail({}, 'ok')],
    })
    assert.match(fallback.lines[1] ?? '', /^as a fallback → team: message 00000001a was delivered/)
    const tried = explain({ rules: [rule], verdicts: [{ ...verdict, rule: '(test)' }], deliveries: [detail({}, 'ok')] })
    assert.match(tried.lines[1] ?? '', /^test → team: message 00000001a was delivered/)
    assert.deepEqual(tried.others, [])
  })

  test('unanswered counts as told and says so', () => {
    assert.deepEqual(words({ state: 'unknown', attempts: 2 }, { state: 'unknown' }), [
      'message 00000001a was sent 13:12:19, but no answer came after 2 attempts: it may have arrived, and counts as told',
    ])
  })

  test('to several recipients, each by name', () => {
    const second = detail({ id: '00000001b', recipient: 'bob@example.org', state: 'queued', attempts: 0 })
    const why = explain({
      verdicts: [verdict],
      deliveries: [detail({ recipient: 'ann@example.org' }, 'ok'), second],
    })
    assert.deepEqual(
      why.chain.map((step) => step.words),
      [
        'message 00000001a was delivered 13:12:19 after 1 attempt',
        'for bob@example.org: message 00000001b waits to be sent (due 13:12:18, not tried yet)',
      ],
    )
  })

  test('when the message is no longer kept', () => {
    const why = explain({ verdicts: [verdict], deliveries: [] })
    assert.equal(
      why.lines[1],
      'rule "kms" matched → team: message 00000001a was delivered 13:12:19; it is no longer kept',
    )
  })
})

describe('an event on its way', () => {
  const queued = { state: 'queued' } as const
  test('not tried yet, being sent, and failing', () => {
    assert.deepEqual(words({ state: 'queued', attempts: 0 }, queued), [
      'message 00000001a waits to be sent (due 13:12:18, not tried yet)',
    ])
    assert.deepEqual(words({ state: 'sending', attempts: 1 }, queued), [
      'message 00000001a is being sent now (attempt 1)',
    ])
    const retrying = {
      state: 'retrying',
      attempts: 3,
      lastReason: 'rate-limited',
      lastDetail: 'the service asked to wait 30 s',
      dueAt: at + 60 * second,
    } as const
    assert.deepEqual(words(retrying, queued), [
      'message 00000001a failed 3 times (rate-limited: the service asked to wait 30 s) and is tried again 13:13:17, for the last time by 2026-05-11 13:12:17',
    ])
  })

  test('held, with and without a known end', () => {
    const held = { state: 'held', by: 'throttle', reason: 'more than 5 messages in 60 s' } as const
    assert.deepEqual(wordsOf(without('into', { ...verdict, ...held, until: at + 60 * second })), [
      'held by the throttle until 13:13:17: more than 5 messages in 60 s',
    ])
    assert.deepEqual(wordsOf(without('into', { ...verdict, ...held })), [
      'held by the throttle: more than 5 messages in 60 s',
    ])
  })
})

describe('an event that was not told by itself', () => {
  test('merged into a message, with that message’s fate', () => {
    const merged = {
      state: 'merged',
      by: 'dedupe',
      reason: 'a repeat of the same machine within its window',
      until: at + 3600 * second,
    } as const
    assert.deepEqual(words({ events: [12], extra: { held: 9 } }, merged), [
      'merged by dedupe into message 00000001a: a repeat of the same machine within its window (until 14:12:17); message 00000001a was delivered 13:12:19 after 1 attempt',
    ])
    const why = explain({ verdicts: [{ ...verdict, ...merged }], deliveries: [] })
    assert.match(why.lines[1] ?? '', /message 00000001a is no longer kept$/)
  })

  test('merged because another rule owns the channel', () => {
    assert.deepEqual(
      wordsOf(
        without('into', { ...verdict, state: 'merged', by: 'owner', reason: 'rule all owns this event on team' }),
      ),
      ['merged with what another rule tells: rule all owns this event on team'],
    )
  })

  test('suppressed by what and until when', () => {
    const suppressed = {
      state: 'suppressed',
      by: 'silence',
      reason: 'maintenance by ann',
      until: at + 3600 * second,
    } as const
    assert.deepEqual(wordsOf(without('into', { ...verdict, ...suppressed })), [
      'suppressed by silence, which lasted until 14:12:17: maintenance by ann; this channel is not told of it',
    ])
  })

  test('expired and dead, with the last refusal and the way out', () => {
    const last = { lastReason: 'unauthorised', lastDetail: 'the webhook was revoked', attempts: 7 } as const
    assert.deepEqual(words({ ...last, state: 'expired' }, { state: 'expired' }), [
      'message 00000001a expired 13:12:19 after 7 attempts (unauthorised: the webhook was revoked): nobody was told',
    ])
    assert.deepEqual(words({ ...last, state: 'dead' }, { state: 'dead' }), [
      "message 00000001a was given up 13:12:19 after 7 attempts (unauthorised: the webhook was revoked); 'sereno deliveries retry 00000001a' sends it again",
    ])
  })

  test('only the last ten attempts are listed, the rest counted', () => {
    const tried = Array.from({ length: 13 }, () => 'server-error' as const)
    const why = explain({
      verdicts: [{ ...verdict, state: 'dead' }],
      deliveries: [detail({ state: 'dead', attempts: 13 }, ...tried)],
    })
    const attempts = why.chain[0]?.attempts ?? []
    assert.equal(attempts.length, 11)
    assert.equal(attempts[0], '3 earlier attempts not shown')
    assert.match(attempts[1] ?? '', /attempt 4: server-error/)
  })
})

describe('an event without a verdict', () => {
  test('says of each rule why not', () => {
    const rules: Rule[] = [
      { ...rule, name: 'backups', on: ['backup.*', 'storage.*'] },
      {
        ...rule,
        name: 'internal',
        where: [{ name: 'zone', op: '=', value: 'internal', matches: (value) => value === 'internal' }],
      },
      { ...rule, name: 'quiet', to: [] },
    ]
    assert.deepEqual(explain({ rules }).lines.slice(1), [
      'no rule matched: recorded, and nobody was told',
      'rule "backups" did not match: its type kms.activation is none of backup.*, storage.*',
      'rule "internal" did not match: zone is "external", wanted zone="internal"',
      'rule "quiet" matched, and tells no channel',
    ])
  })

  test('a rule below one that says stop was not asked', () => {
    const rules: Rule[] = [
      { ...rule, stop: true },
      { ...rule, name: 'all', on: ['*'] },
    ]
    const why = explain({ rules, verdicts: [verdict], deliveries: [detail({}, 'ok')] })
    assert.deepEqual(why.others, [{ rule: 'all', words: 'was not asked: rule "kms" above it says stop' }])
  })

  test('rules that came or went since are told apart', () => {
    const added = explain({ rules: [rule] })
    assert.match(added.lines[2] ?? '', /^rule "kms" would match today, but had no say then/)
    const removed = explain({ rules: [], verdicts: [verdict], deliveries: [detail({}, 'ok')] })
    assert.match(removed.lines[1] ?? '', /^rule "kms" \(no longer in the configuration\) matched → team/)
  })

  test('without rules, without known rules, and for an end', () => {
    assert.deepEqual(explain({ rules: [] }).lines.slice(1), [
      'recorded, and nobody was told: the configuration has no rules',
    ])
    assert.deepEqual(explain({}).lines.slice(1), ['no rule matched: recorded, and nobody was told'])
    const end: HubEvent = { ...event, condition: { key: 'disk /', state: 'resolved' } }
    assert.deepEqual(explain({ event: end, rules: [rule] }).lines.slice(1), [
      'condition "disk /": resolved',
      'recorded: an end is told only where its beginning was told',
    ])
  })

  test('of an end says that it follows its beginning, and no rule was asked', () => {
    const end: HubEvent = { ...event, condition: { key: 'disk /', state: 'resolved' } }
    const other = { ...rule, name: 'other' }
    const { lines } = explain({ event: end, rules: [rule, other], verdicts: [verdict], deliveries: [detail({}, 'ok')] })
    assert.deepEqual(lines.slice(2), [
      'follows its beginning by rule "kms" → team: message 00000001a was delivered 13:12:19 after 1 attempt',
    ])
  })

  test('a digest counts a condition with its end as one', () => {
    const [told] = words({ kind: 'digest', events: [41, 43, 44], extra: { heldBy: 'throttle', ended: { 41: at } } })
    assert.match(told ?? '', /it is a digest of 2 events that came faster than the throttle allows$/)
  })
})

describe('any chain', () => {
  const states: VerdictState[] = ['queued', 'held', 'delivered', 'unknown', 'merged', 'suppressed', 'expired', 'dead']
  const deliveryStates: Delivery['state'][] = [
    'queued',
    'sending',
    'retrying',
    'delivered',
    'unknown',
    'dead',
    'expired',
  ]

  test('becomes whole sentences on lines of their own, whatever a sender wrote', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...states),
        fc.option(fc.constantFrom(...deliveryStates), { nil: undefined }),
        fc.boolean(),
        fc.string({ unit: 'binary' }),
        fc.array(fc.constantFrom('ok', ...reasons), { maxLength: 3 }),
        (state, deliveryState, hasInto, text, tried) => {
          const given: Verdict = { ...verdict, state, reason: text }
          const why = explain({
            event: { ...event, title: text, host: text },
            rules: [rule],
            verdicts: [hasInto ? given : without('into', given)],
            deliveries: deliveryState === undefined ? [] : [detail({ state: deliveryState }, ...tried)],
          })
          assert.equal(why.chain.length, 1)
          assert.ok((why.chain[0]?.words.length ?? 0) > 3)
          for (const line of why.lines) assert.doesNotMatch(line, /[\p{Cc}]|NaN/u)
          if (!/undefined/.test(text)) assert.doesNotMatch(why.lines.join(), /undefined/)
        },
      ),
    )
  })
})

function explain(given: Partial<WhyInput>): ReturnType<typeof explainEvent> {
  return explainEvent({ event, verdicts: [], deliveries: [], zone: 'UTC', ...given })
}

function words(change: Partial<Delivery>, verdictChange: Partial<Verdict> = {}): string[] {
  const why = explain({ verdicts: [{ ...verdict, ...verdictChange }], deliveries: [detail(change, 'ok')] })
  return why.chain.map((step) => step.words)
}

function wordsOf(given: Verdict): string[] {
  return explain({ verdicts: [given] }).chain.map((step) => step.words)
}

function detail(change: Partial<Delivery>, ...results: DeliveryDetail['tried'][number]['result'][]): DeliveryDetail {
  const changed: Delivery = { ...delivery, ...change }
  const tried = results.map((result, index) => ({
    delivery: changed.id,
    number: index + 1,
    startedAt: at + index * second,
    endedAt: at + (index + 1) * second,
    result,
    maybeDelivered: result === 'timeout',
    detail: result === 'ok' ? '' : 'no answer within 10 s',
  }))
  return { delivery: changed, events: [event], tried, parts: [] }
}

function without<Key extends keyof Verdict>(key: Key, given: Verdict): Omit<Verdict, Key> & Verdict {
  const copy = { ...given }
  delete copy[key]
  return copy
}
