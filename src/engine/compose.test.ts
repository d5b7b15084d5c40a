// What a message on a condition is called and what stands below it: beginning, change, reminder, end.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toId } from '../lib/id.ts'
import type { ConditionNote, Delivery, HubEvent, IntentKind, Message } from '../words.ts'
import { compose, type ComposeTools } from './compose.ts'

const at = Date.UTC(2026, 10, 20, 2, 0)
const hour = 3_600_000
const begun = { since: at, title: 'Disk at 91 %' }

function event(more: Partial<HubEvent> = {}): HubEvent {
  const base = { seq: 1, id: toId(1), type: 'disk.full', time: at, receivedAt: at, source: 's', labels: {}, data: {} }
  return { ...base, severity: 'error', condition: { key: 'd', state: 'firing' }, ...more }
}

function over(more: Partial<HubEvent> = {}): HubEvent {
  return event({ seq: 2, id: toId(2), condition: { key: 'd', state: 'resolved' }, ...more })
}

function told(
  kind: IntentKind,
  events: readonly HubEvent[],
  condition: ConditionNote,
  tools: Partial<ComposeTools> = {},
): Message {
  const waits = { state: 'queued', attempts: 0, unanswered: 0, createdAt: at, dueAt: at, expireAt: at } as const
  const to = { channel: 'team', recipient: '', thread: 't', rule: 'r', severity: 'error' } as const
  const delivery: Delivery = {
    seq: 9,
    id: toId(9),
    ...to,
    kind,
    events: events.map(({ seq }) => seq),
    extra: { condition },
    ...waits,
  }
  return compose(delivery, events, { types: new Map(), zone: 'Europe/Rome', ...tools })
}

describe('the end of a condition', () => {
  test('is called one, whatever its sender calls it', () => {
    const titles = ['Disk at 91 %', 'Disk at 40 %', 'resolved: Disk at 40 %', undefined].map((title) => {
      return told('end', [over(title === undefined ? {} : { title })], { ...begun, endedAt: at + hour }).title
    })
    assert.deepEqual(titles, [
      'Resolved: Disk at 91 %',
      'Resolved: Disk at 40 %',
      'resolved: Disk at 40 %',
      'Resolved: Disk at 91 %',
    ])
  })

  test('is called one in the words of a template, too', () => {
    const template: ComposeTools['template'] = ({ title = '' }) => ({ title: `! ${title}`, lines: ['own words'] })
    const { title, lines } = told('end', [over({ title: 'Disk' })], { ...begun, endedAt: at + hour }, { template })
    assert.deepEqual([title, lines], ['Resolved: ! Disk', ['own words']])
  })

  test('that nobody said is told by the hub itself, without words of a sender', () => {
    const template: ComposeTools['template'] = () => ({ title: 'Disk  is  % full' })
    const messages = (['expired', 'closed', 'watch-removed', 'source-removed'] as const).map((endedBy) => {
      const data = { endedBy }
      return told('end', [over({ data, host: 'nas' })], { ...begun, endedAt: at + hour, endedBy }, { template })
    })
    assert.deepEqual(
      messages.map(({ title, notes }) => [title, ...notes]),
      [
        [
          'Not heard of any more: Disk at 91 %',
          'It began 2026-11-20 03:00. Nothing was heard of it any more; nobody said that it is over.',
        ],
        ['Closed: Disk at 91 %', 'It began 2026-11-20 03:00. It was closed by hand.'],
        ['No longer watched: Disk at 91 %', 'It began 2026-11-20 03:00. Its watch is no longer configured.'],
        [
          'No longer watched: Disk at 91 %',
          'It began 2026-11-20 03:00. Its source is no longer configured: nobody looks any more.',
        ],
      ],
    )
    for (const { fields, lines } of messages) {
      assert.deepEqual(fields, [{ name: 'Host', value: 'nas', code: true }])
      assert.deepEqual(lines, [])
    }
  })

  test('says how long it lasted, in the zone of its reader', () => {
    const { notes } = told('end', [over()], { ...begun, endedAt: at + 90 * 60_000 })
    assert.deepEqual(notes, ['It began 2026-11-20 03:00 and lasted 1 h 30 min.'])
  })

  test('of what flapped says how often it began, and that it is calm', () => {
    const { notes } = told('end', [over()], { ...begun, endedAt: at + hour, began: 5 })
    assert.deepEqual(notes, [
      'It began 5 times since 2026-11-20 03:00. It has been calm for 10 minutes now.',
      'It began 2026-11-20 03:00 and lasted 1 h.',
    ])
  })

  test('that comes with its beginning is told in the words of the beginning', () => {
    const events = [event({ title: 'Disk at 91 %' }), over({ title: 'Disk at 40 %' })]
    const { title, notes } = told('open', events, { ...begun, endedAt: at + hour })
    assert.equal(title, 'Disk at 91 %')
    assert.deepEqual(notes, [
      'It began 2026-11-20 03:00 and ended 2026-11-20 04:00, after 1 h: you could not be told before.',
    ])
  })
})

test('a change says what was before, a return that it is one, a reminder since when', () => {
  const events = [event({ title: 'Disk at 99 %' })]
  const messages = [
    told('change', events, { ...begun, was: 'warning' }),
    told('change', events, { ...begun, began: 2 }),
    told('remind', events, { ...begun, reminder: 3 }),
  ]
  assert.deepEqual(
    messages.map(({ title, notes }) => [title, ...notes]),
    [
      ['Disk at 99 %', 'It was warning before.'],
      [
        'Again: Disk at 99 %',
        'It began 2 times since 2026-11-20 03:00. Its end is told once it has been calm for 10 minutes.',
      ],
      ['Still open: Disk at 99 %', 'Open since 2026-11-20 03:00; reminder 3.'],
    ],
  )
})
