// Posts as Alertmanager and others send them: what is right is taken, what is wrong is named, and a repeat is none.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { startSource, type SourceDouble } from '../../../test/support/source-double.ts'
import { NotStored, type SourceResponse } from '../../source.ts'
import type { Json, JsonObject } from '../../words.ts'
import alertmanager from './index.ts'

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '../../../test/fixtures/alertmanager')
const path = '/api/v1/webhook/prom'

type Alert = JsonObject & { readonly startsAt: string; readonly fingerprint: string }
type Body = JsonObject & { readonly alerts: readonly [Alert, Alert] }

function load(name: string): Body {
  return JSON.parse(readFileSync(join(fixtures, name), 'utf8')) as Body
}

/** As captured: two plans of one node. */
const firing = load('firing.json')
const [daily, weekly] = firing.alerts
const over = (alert: Alert): Alert => ({ ...alert, status: 'resolved', endsAt: '2026-06-01T06:01:05.78Z' })
const withAlerts = (alerts: readonly Json[], more: JsonObject = {}): JsonObject => ({ ...firing, alerts, ...more })

const start = (options: object = {}): Promise<SourceDouble> => startSource(alertmanager, options, { name: 'prom' })

function post(source: SourceDouble, body: unknown): Promise<SourceResponse> {
  return source.ask({ path, body: typeof body === 'string' ? body : JSON.stringify(body) })
}

const told = ({ events }: SourceDouble): string[] =>
  events.map(({ identity, condition }) => `${condition?.key} ${condition?.state} ${identity?.id.slice(0, 10)}`)

interface Answer {
  readonly accepted: number
  readonly duplicates: number
  readonly invalid: readonly { readonly index: number; readonly message: string }[]
}
const answerOf = ({ body }: SourceResponse): Answer => body as unknown as Answer

describe('a post', () => {
  test('becomes an event for each of its alerts, the one that fires longer first', async () => {
    const source = await start()
    assert.deepEqual(await post(source, firing), { status: 202, body: { accepted: 2, duplicates: 0, invalid: [] } })
    assert.equal(source.batches, 1)
    assert.deepEqual(told(source), ['2f4b4050b406bc93 firing 2026-05-31', '4bf67da667dfe57a firing 2026-06-01'])
    const [, event] = source.events
    assert.deepEqual(
      [event?.type, event?.severity, event?.host, event?.subject, event?.time],
      ['alert', 'critical', '10.5.4.1', 'BackupFailed', undefined],
    )
    assert.equal(event?.title, 'Backup job BB daily (ID: 1) has failed.')
    assert.equal(event?.text, 'Backup job BB daily (ID: 1) has failed and requires attention.')
    assert.deepEqual(event?.labels, daily['labels'])
    assert.deepEqual(event?.data, {
      status: 'firing',
      alertname: 'BackupFailed',
      annotations: daily['annotations'],
      startsAt: '2026-06-01T02:01:05.780Z',
      fingerprint: '4bf67da667dfe57a',
      generatorUrl: '/prometheus/graph?g0.expr=node_backup_status+%3D%3D+0&g0.tab=1',
      externalUrl: 'http://leader.example.org:9093',
      receiver: 'default-receiver',
      groupKey: '{}/{service=~".*"}:{alertname="BackupFailed", node="1"}',
    })
    assert.equal(source.measures.get('alerts_firing'), 2)
  })

  test('whose alerts are over, or of both sorts, goes by each alert and not by the group', async () => {
    const source = await start({ language: 'it' })
    await post(source, firing)
    const answer = await post(source, withAlerts([over(daily), weekly]))
    assert.deepEqual(answerOf(answer), { accepted: 1, duplicates: 1, invalid: [] })
    assert.equal(source.events.at(-1)?.title, 'Resolved: Backup BB daily (ID: 1) fallito.')
    assert.equal(source.events.at(-1)?.time, Date.UTC(2026, 5, 1, 6, 1, 5, 780))
    await post(source, withAlerts([over(weekly)], { status: 'resolved' }))
    assert.deepEqual(told(source).slice(2), [
      '4bf67da667dfe57a resolved 2026-06-01',
      '2f4b4050b406bc93 resolved 2026-05-31',
    ])
    assert.equal(source.measures.get('alerts_firing'), 0)
  })

  test('without alerts is no mistake, and nothing to store', async () => {
    const source = await start()
    assert.deepEqual(await post(source, withAlerts([])), {
      status: 202,
      body: { accepted: 0, duplicates: 0, invalid: [] },
    })
    assert.equal(source.batches, 0)
  })

  test('may hold an alert twice: its end and, later, the beginning of its next time', async () => {
    const source = await start()
    const next = { ...daily, startsAt: '2026-06-02T02:01:05.78Z' }
    await post(source, withAlerts([next, over(daily), daily, daily]))
    assert.deepEqual(told(source), [
      '4bf67da667dfe57a firing 2026-06-01',
      '4bf67da667dfe57a resolved 2026-06-01',
      '4bf67da667dfe57a firing 2026-06-02',
    ])
  })

  test('of Grafana is read as well', async () => {
    const source = await start()
    assert.equal((await post(source, load('grafana.json'))).status, 202)
    const [event] = source.events
    assert.deepEqual(
      [event?.title, event?.host, event?.severity, event?.data?.['dashboardUrl'], event?.data?.['startsAt']],
      [
        'Memory is short on web1',
        'web1',
        'warning',
        'https://play.grafana.example.org/d/mem',
        '2026-10-12T07:51:03.157Z',
      ],
    )
  })

  test('that left alerts out says so, once for a group', async () => {
    const source = await start()
    const cut = withAlerts([daily], { truncatedAlerts: 3 })
    assert.deepEqual(await post(source, cut), {
      status: 202,
      body: { accepted: 1, duplicates: 0, invalid: [], truncated: 3 },
    })
    await post(source, cut)
    assert.deepEqual(
      source.events.map(({ type }) => type),
      ['alert', 'sereno.truncated'],
    )
    assert.deepEqual(source.events[1]?.data, { count: 3, groupKey: firing['groupKey'], receiver: 'default-receiver' })
    assert.equal(source.measures.get('alerts_truncated_total'), 6)
  })

  test('with many alerts is stored in several transactions', async () => {
    const source = await start()
    const alerts = Array.from({ length: 1200 }, (_, at) => ({ ...daily, fingerprint: `f${at}` }))
    assert.deepEqual(answerOf(await post(source, withAlerts(alerts))), { accepted: 1200, duplicates: 0, invalid: [] })
    assert.deepEqual([source.batches, source.rows.size], [3, 1200])
  })
})

describe('a repeat', () => {
  test('is one event, however often and by whatever route it comes', async () => {
    const source = await start()
    const answers = await Promise.all(Array.from({ length: 200 }, () => post(source, withAlerts([daily]))))
    assert.equal(
      answers.reduce((sum, answer) => sum + answerOf(answer).accepted, 0),
      1,
    )
    assert.equal(
      answers.reduce((sum, answer) => sum + answerOf(answer).duplicates, 0),
      199,
    )
    await post(source, withAlerts([daily], { receiver: 'other', groupKey: '{}:{}', externalURL: 'http://b' }))
    assert.equal(source.events.length, 1)
  })

  test('of an end is one too, after a restart as well', async () => {
    const source = await start()
    await post(source, firing)
    await post(source, withAlerts([over(daily)]))
    const again = await startSource(alertmanager, {}, { name: 'prom', rows: source.rows })
    const other = { ...over(daily), endsAt: '2026-06-01T06:01:07Z' }
    assert.deepEqual(answerOf(await post(again, withAlerts([other, weekly]))).duplicates, 1)
    assert.deepEqual(told(again), ['2f4b4050b406bc93 firing 2026-05-31'])
  })

  test('is told apart from an alert that fires again with the start it had', async () => {
    const source = await start()
    for (const alert of [daily, over(daily), daily]) await post(source, withAlerts([alert]))
    assert.equal(source.events.length, 3)
    assert.equal(source.events[2]?.identity?.id, '2026-06-01T02:01:05.780Z/firing/1')
  })
})

describe('what is wrong', () => {
  const bad = { ...daily, labels: null, note: 'ß'.repeat(4000) }

  test('in a post is named by its place and kept as it came, its neighbours are taken', async () => {
    const source = await start()
    const answer = await post(source, withAlerts([bad, daily, 'x', weekly]))
    const { accepted, invalid } = answerOf(answer)
    assert.deepEqual([answer.status, accepted, invalid.map(({ index }) => index)], [202, 2, [0, 2]])
    assert.match(invalid[0]?.message ?? '', /^labels must be an object of texts/)
    assert.deepEqual(
      source.rejected.map(({ message }) => message),
      invalid.map(({ message }) => message),
    )
    const kept = Buffer.byteLength(source.rejected[0]?.raw ?? '')
    assert.ok(kept > 4092 && kept <= 4096, String(kept))
  })

  test('in all of them is 400, and kept too', async () => {
    const source = await start()
    const answer = await post(source, withAlerts([bad]))
    assert.deepEqual([answer.status, answerOf(answer).accepted, source.rejected.length], [400, 0, 1])
  })

  test('as a whole is refused and leaves nothing', async () => {
    const source = await start()
    for (const [body, status, sentence] of [
      ['', 400, /^The body is no JSON: /],
      ['{"alerts":', 400, /^The body is no JSON: /],
      ['[]', 400, /^The body is no JSON object; send \{"alerts": \[…\]\}/],
      ['null', 400, /^The body is no JSON object/],
      ['{}', 400, /^alerts must be a list of alerts, not nothing; send what Alertmanager sends/],
      ['{"alerts":null}', 400, /^alerts must be a list of alerts, not null/],
      ['{"alerts":"abc"}', 400, /^alerts must be a list of alerts, not "abc"/],
      [`{"alerts":${'['.repeat(70)}${']'.repeat(70)}}`, 400, /nested deeper than 64 levels/],
      [`{"alerts":[${'0,'.repeat(10_000)}0]}`, 413, /may have 10000 alerts, this one has 10001; set max_alerts/],
    ] as const) {
      const answer = await post(source, body)
      assert.equal(answer.status, status, body.slice(0, 40))
      assert.match((answer.body as { readonly error: string }).error, sentence)
    }
    assert.deepEqual([source.batches, source.rejected.length], [0, 0])
  })

  test('never keeps a good alert from being taken, nor fails without a sentence', async () => {
    const garbage = fc.array(fc.oneof(fc.jsonValue(), fc.record({ status: fc.jsonValue(), labels: fc.jsonValue() })), {
      maxLength: 6,
    })
    const place = fc.nat(6)
    let count = 0
    await fc.assert(
      fc.asyncProperty(garbage, place, fc.dictionary(fc.string(), fc.jsonValue()), async (around, at, group) => {
        const source = await start()
        const good = { ...daily, fingerprint: `good-${(count += 1)}` }
        const body = { ...group, alerts: around.toSpliced(at, 0, good) }
        const answer = await post(source, body)
        assert.equal(answer.status, 202)
        const { accepted, invalid } = answerOf(answer)
        assert.equal(accepted + invalid.length, body.alerts.length)
        assert.ok(source.events.some(({ condition }) => condition?.key === good.fingerprint))
        for (const { message } of invalid) assert.match(message, /^\S.+[^.]$/s)
      }),
      { numRuns: 40 },
    )
  })

  test('bytes of any kind are answered', async () => {
    const source = await start()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (body) => {
        const answer = await source.ask({ path, body })
        assert.equal(answer.status, 400)
        assert.match((answer.body as { readonly error: string }).error, /^\S.+\.$/s)
      }),
    )
  })
})

test('what cannot be stored is not answered as if it were, and is news when it comes again', async () => {
  const source = await start()
  source.full = true
  await assert.rejects(post(source, firing), NotStored)
  await assert.rejects(post(source, withAlerts(['x'])), NotStored)
  source.full = false
  assert.equal(answerOf(await post(source, firing)).accepted, 2)
  assert.equal(source.rows.size, 2)
})

test('options are checked with what would be right', () => {
  for (const [given, sentence] of [
    [{ url: 'localhost:9093' }, /no http or https address; write one such as/],
    [{ url: 'http://me:secret@am:9093' }, /write them as username and password/],
    [{ url: 'http://am:9093/api/v2/alerts' }, /write it without what follows, such as http:\/\/am:9093/],
    [{ url: 'http://am:9093/#/alerts' }, /write it without what follows/],
    [{ token: 't' }, /token is for asking an Alertmanager; write its url as well/],
    [{ url: 'http://am', token: 't', username: 'u', password: 'p' }, /either token, or username and password/],
    [{ url: 'http://am', username: 'u' }, /belong together; write both/],
    [{ language: 'italiano' }, /written as two letters/],
    [{ poll: '10ms', url: 'http://am' }, /at least 1s/],
  ] as const) {
    const { success, error } = alertmanager.options.safeParse(given)
    assert.equal(success, false, JSON.stringify(given))
    assert.match(error?.message ?? '', sentence)
    assert.doesNotMatch(error?.message ?? '', /me:secret/)
  }
  assert.equal(alertmanager.options.parse({ url: 'http://am:9093/path/' }).url, 'http://am:9093/path')
})
