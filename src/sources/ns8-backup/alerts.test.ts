// Alerts as NethServer, its older versions and people's own rules send them; each becomes a fact once, whatever stands beside it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readFixture } from '../../../test/support/ns8-cluster.ts'
import { type SourceDouble, type SourceDoubleTools, startSource } from '../../../test/support/source-double.ts'
import type { SourceResponse } from '../../source.ts'
import type { Json, JsonObject } from '../../words.ts'
import { alertNames, readAlert } from './alerts.ts'
import { mostSeen, readSeen, sortAlerts } from './seen.ts'
import ns8 from './index.ts'

/** Nothing is asked for by itself: at this port nobody listens, and the source lives with that. */
const quiet = { redis: 'redis://127.0.0.1:1', alertmanager: false }
const hourMs = 3_600_000

async function start(options: object = {}, tools: SourceDoubleTools = {}): Promise<SourceDouble> {
  return startSource(ns8, { ...quiet, ...options }, { name: 'ns8', ...tools })
}

function post(source: SourceDouble, body: unknown, path = '/alert'): Promise<SourceResponse> {
  return source.ask({ path, body: typeof body === 'string' ? body : JSON.stringify(body) })
}

const sample = JSON.parse(readFixture('webhook.json')) as { readonly alerts: readonly JsonObject[] }
const [daily = {}, weekly = {}] = sample.alerts

/** The alert of the daily plan with other fields or labels. */
function like(fields: object, labels: object = {}): JsonObject {
  return { ...daily, labels: { ...(daily['labels'] as JsonObject), ...labels }, ...fields } as JsonObject
}

function alertsOf(source: SourceDouble): JsonObject[] {
  return source.facts.filter(({ name }) => name === 'backup.alert').map(({ key, data }) => ({ key, ...data }))
}

async function ended(source: SourceDouble): Promise<void> {
  source.stop()
  await source.ended
}

describe('a post of Alertmanager', () => {
  test('is one fact for each alert, keyed by its plan, with what people may want to read', async () => {
    const source = await start()
    assert.deepEqual(await post(source, sample), {
      status: 202,
      body: { accepted: 2, duplicates: 0, ignored: 0, invalid: [] },
    })
    assert.deepEqual(alertsOf(source)[0], {
      key: '1',
      alertname: 'BackupFailed',
      status: 'firing',
      node: '1',
      planName: 'BB daily',
      startsAt: '2026-06-01T02:01:05.780Z',
      fingerprint: '4bf67da667dfe57a',
      summary: 'Backup job BB daily (ID: 1) has failed.',
      description: 'Backup job BB daily (ID: 1) has failed and requires attention.',
      language: daily['annotations'],
      receiver: 'default-receiver',
      how: 'webhook',
    })
    assert.equal(alertsOf(source)[1]?.['key'], '2')
    await ended(source)
  })

  for (const path of ['/alert', '/alert/', '/api/v1/webhook/ns8']) {
    test(`is taken at ${path}`, async () => {
      const source = await start()
      assert.equal((await post(source, sample, path)).status, 202)
      assert.equal(alertsOf(source).length, 2)
      await ended(source)
    })
  }

  for (const alertname of alertNames) {
    test(`of the alert ${alertname} is ours, with either label for the plan`, async () => {
      const source = await start()
      const { id: _, ...labels } = daily['labels'] as JsonObject
      const other = { ...daily, labels: { ...labels, alertname, backup_id: '7' }, fingerprint: 'f0' }
      await post(source, { alerts: [like({}, { alertname }), other] })
      assert.deepEqual(
        alertsOf(source).map(({ key, alertname: name }) => [key, name]),
        [
          ['1', alertname],
          ['7', alertname],
        ],
      )
      await ended(source)
    })
  }

  test('in the form of years ago, with nothing but labels and annotations, is taken as it comes', async () => {
    const source = await start({}, { now: () => Date.UTC(2026, 5, 1, 2) })
    const labels = { alertname: 'backup_failed', id: '1', name: 'BB daily', node: '1', severity: 'critical' }
    const legacy = { alerts: [{ labels, annotations: { summary: 'Backup failed' } }] }
    await post(source, legacy)
    const [{ fingerprint, ...rest } = {}] = alertsOf(source)
    assert.match(text(fingerprint), /^[0-9a-f]{16}$/)
    assert.deepEqual(rest, {
      key: '1',
      alertname: 'backup_failed',
      status: 'firing',
      node: '1',
      planName: 'BB daily',
      startsAt: '2026-06-01T02:00:00.000Z',
      summary: 'Backup failed',
      language: { summary: 'Backup failed' },
      how: 'webhook',
    })
    await ended(source)
  })

  test('without a plan, as a rule of somebody’s own may be, is one for the whole cluster', async () => {
    const source = await start({ plans: ['1'] })
    await post(source, { alerts: [{ labels: { alertname: 'BackupMissing' } }] })
    assert.equal(alertsOf(source)[0]?.['key'], '')
    await ended(source)
  })

  test('about other things, or plans that are not asked for, is ignored and counted', async () => {
    const source = await start({ plans: ['1'] })
    const alerts = [like({}, { alertname: 'NodeOffline' }), like({}, { id: '2' }), daily, like({}, { alertname: '' })]
    assert.deepEqual((await post(source, { alerts })).body, { accepted: 1, duplicates: 0, ignored: 3, invalid: [] })
    assert.equal(source.measures.get('alerts_ignored_total'), 3)
    await ended(source)
  })

  test('that the store refuses is not answered as if it were kept, and is new the next time', async () => {
    const source = await start()
    source.full = true
    await assert.rejects(post(source, sample), { name: 'NotStored' })
    source.full = false
    assert.deepEqual((await post(source, sample)).body, { accepted: 2, duplicates: 0, ignored: 0, invalid: [] })
    await ended(source)
  })
})

describe('what is wrong in a post', () => {
  const refused: readonly [body: string, sentence: RegExp][] = [
    ['', /^The body is no JSON: /],
    ['{"alerts": [', /^The body is no JSON: /],
    ['\u00ff\u00fe', /^The body is no JSON: /],
    ['[]', /^The body is no JSON object\. Send what Alertmanager sends/],
    ['null', /^The body is no JSON object/],
    ['"alerts"', /^The body is no JSON object/],
    ['{}', /^alerts is no list\. Send/],
    ['{"alerts":null}', /^alerts is no list/],
    ['{"alerts":"abc"}', /^alerts is no list/],
    ['{"alerts":{"0":{}}}', /^alerts is no list/],
    [`{"alerts":${'['.repeat(70)}${']'.repeat(70)}}`, /nested deeper than 64 levels/],
  ]
  for (const [body, sentence] of refused) {
    test(`is answered 400 when it is no post of alerts: ${JSON.stringify(body).slice(0, 40)}`, async () => {
      const source = await start()
      const { status, body: answer } = await post(source, body)
      assert.equal(status, 400)
      assert.match((answer as { readonly error: string }).error, sentence)
      await ended(source)
    })
  }

  test('bytes that are no text are refused as well', async () => {
    const source = await start()
    const answer = await source.ask({ path: '/alert', body: new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0xd8]) })
    assert.equal(answer.status, 400)
    await ended(source)
  })

  const invalid: readonly [element: Json, sentence: RegExp][] = [
    [null, /^an alert is a JSON object, not null$/],
    ['x', /^an alert is a JSON object, not "x"$/],
    [[], /^an alert is a JSON object/],
    [{}, /^labels must be an object of texts, it is missing$/],
    [like({ labels: null }), /^labels must be an object of texts, not null$/],
    [like({ labels: 'BackupFailed' }), /^labels must be an object/],
    [like({ labels: {} }), /^labels\.alertname must be a text, it is missing$/],
    [like({}, { alertname: ['BackupFailed'] }), /^labels\.alertname must be a text, not \["BackupFailed"\]$/],
    [like({}, { id: ['1'] }), /^labels\.id must be the number of a plan, not \["1"\]$/],
    [like({}, { id: '1/../2' }), /^labels\.id must be the number of a plan/],
    [like({}, { id: 'x'.repeat(500) }), /^labels\.id must be the number of a plan, not "x+…$/],
    [like({ status: 'burning' }), /^status must be firing or resolved, not "burning"$/],
    [like({ status: 1 }), /^status must be firing or resolved/],
    [like({ startsAt: 'yesterday' }), /^startsAt must be an RFC 3339 time, not "yesterday"$/],
    [like({ startsAt: 1780275600 }), /^startsAt must be an RFC 3339 time/],
  ]
  for (const [element, sentence] of invalid) {
    test(`is named by its place, kept, and takes no neighbour with it: ${sentence.source.slice(0, 60)}`, async () => {
      const source = await start()
      const { status, body } = await post(source, { alerts: [element, weekly, element] })
      const answer = body as { accepted: number; invalid: { index: number; message: string }[] }
      assert.deepEqual([status, answer.accepted, answer.invalid.map(({ index }) => index)], [202, 1, [0, 2]])
      assert.match(answer.invalid[0]?.message ?? '', sentence)
      assert.deepEqual([source.rejected.length, source.rejected[0]?.raw], [2, JSON.stringify(element).slice(0, 4096)])
      assert.equal(alertsOf(source)[0]?.['key'], '2')
      await ended(source)
    })
  }

  test('does not make Alertmanager send it again for ever, even if all of it is wrong', async () => {
    const source = await start()
    assert.equal((await post(source, { alerts: [null] })).status, 202)
    await ended(source)
  })

  test('where it says nothing about the backup costs no alert', async () => {
    const source = await start()
    const odd = like(
      { annotations: null, endsAt: 5, generatorURL: [], fingerprint: 7 },
      { node: 1, name: { a: 1 }, port: 9 },
    )
    await post(source, { alerts: [odd], receiver: 5, status: 'firing', truncatedAlerts: 'many' })
    const [{ fingerprint, ...rest } = {}] = alertsOf(source)
    assert.match(text(fingerprint), /^[0-9a-f]{16}$/)
    assert.deepEqual(rest, {
      key: '1',
      alertname: 'BackupFailed',
      status: 'firing',
      node: '1',
      startsAt: '2026-06-01T02:01:05.780Z',
      how: 'webhook',
    })
    await ended(source)
  })

  test('by being too much is refused, while any number of other alerts passes by', async () => {
    const source = await start()
    const answer = await post(source, { alerts: Array.from({ length: 1001 }, () => null) })
    assert.equal(answer.status, 413)
    const others = Array.from({ length: 5000 }, () => ({ labels: { alertname: 'Other' } }))
    assert.equal((await post(source, { alerts: [...others, daily] })).status, 202)
    assert.equal(alertsOf(source).length, 1)
    await ended(source)
  })

  test('whatever stands in an alert, it is one, none of ours, or told in a sentence', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('1', 'firing', 'BackupFailed', sample.alerts[0]),
    )
    const names = ['labels', 'annotations', 'status', 'startsAt', 'fingerprint']
    const labels = fc.dictionary(
      fc.oneof(fc.constantFrom('alertname', 'id', 'backup_id', 'node', 'name'), fc.string()),
      value,
    )
    const element = fc.oneof(fc.dictionary(fc.constantFrom(...names), fc.oneof(value, labels)), value)
    fc.assert(
      fc.property(element, (alert) => {
        const reading = readAlert(alert)
        if (reading.kind === 'invalid') assert.ok(reading.message.length > 10 && reading.message.length < 300)
        if (reading.kind === 'told') assert.match(reading.told.plan, /^[0-9]{0,15}$/)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a repeat', () => {
  test('two hundred times at once is one fact', async () => {
    const source = await start()
    const one = { ...sample, alerts: [daily] }
    const answers = await Promise.all(Array.from({ length: 200 }, () => post(source, one)))
    const bodies = answers.map(({ body }) => body as { readonly accepted: number; readonly duplicates: number })
    assert.ok(answers.every(({ status }) => status === 202))
    assert.equal(
      bodies.reduce((sum, { accepted }) => sum + accepted, 0),
      1,
    )
    assert.equal(
      bodies.reduce((sum, { duplicates }) => sum + duplicates, 0),
      199,
    )
    assert.equal(alertsOf(source).length, 1)
    assert.equal(source.measures.get('alerts_repeated_total'), 199)
    await ended(source)
  })

  test('is not answered as known before what it repeats is on disk', async () => {
    const source = await start()
    const { promise, resolve } = Promise.withResolvers<void>()
    source.stall = promise
    const answers = Promise.allSettled([post(source, sample), post(source, sample)])
    source.full = true
    resolve()
    assert.deepEqual(
      (await answers).map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    await ended(source)
  })

  test('three hours later, by another route, after a restart, or twice in one post is none', async () => {
    let now = Date.UTC(2026, 5, 1, 2, 2)
    const first = await start({}, { now: () => now })
    await post(first, sample)
    now += 3 * hourMs
    assert.deepEqual((await post(first, { ...sample, receiver: 'other', groupKey: 'x' })).body, {
      accepted: 0,
      duplicates: 2,
      ignored: 0,
      invalid: [],
    })
    await ended(first)
    const second = await start({}, { now: () => now, rows: first.rows })
    const again = { alerts: [daily, daily, like({ startsAt: '2026-06-02T02:01:05Z' })] }
    assert.deepEqual((await post(second, again)).body, { accepted: 1, duplicates: 2, ignored: 0, invalid: [] })
    assert.equal(alertsOf(second).length, 1)
    await ended(second)
  })

  test('is none when it begins, ends, or is back', async () => {
    const source = await start()
    const resolved = like({ status: 'resolved', endsAt: '2026-06-01T05:00:00Z' })
    for (const alert of [daily, resolved, resolved, daily, daily]) await post(source, { alerts: [alert] })
    assert.deepEqual(
      alertsOf(source).map(({ status }) => status),
      ['firing', 'resolved', 'firing'],
    )
    await ended(source)
  })

  test('of an alert without a beginning is new after half a day, and its end belongs to it', async () => {
    let now = Date.UTC(2026, 5, 1)
    const source = await start({}, { now: () => now })
    const bare = { labels: { alertname: 'BackupFailed', id: '1' } }
    for (const hours of [0, 3, 3, 13]) {
      now += hours * hourMs
      await post(source, { alerts: [bare] })
    }
    now += hourMs
    await post(source, { alerts: [{ ...bare, status: 'resolved' }] })
    assert.deepEqual(
      alertsOf(source).map(({ status, startsAt }) => [status, startsAt]),
      [
        ['firing', '2026-06-01T00:00:00.000Z'],
        ['firing', '2026-06-01T19:00:00.000Z'],
        ['resolved', '2026-06-01T19:00:00.000Z'],
      ],
    )
    await ended(source)
  })

  test('is known for seven days after it last came, and then forgotten on disk too', async () => {
    let now = Date.UTC(2026, 5, 1)
    const source = await start({}, { now: () => now })
    await post(source, { alerts: [daily] })
    for (let days = 0; days < 8; days += 4) {
      now += 4 * 24 * hourMs
      assert.equal(((await post(source, { alerts: [daily] })).body as JsonObject)['duplicates'], 1)
    }
    const kept = (): number => [...source.rows.keys()].filter((key) => key.startsWith('alert/')).length
    assert.equal(kept(), 1)
    now += 7 * 24 * hourMs
    await post(source, { alerts: [weekly] })
    assert.equal(kept(), 1, 'the old one is gone, the new one is there')
    await ended(source)
  })

  test('is remembered of so many alerts and no more, the oldest first to go', () => {
    const told = (at: number) => ({
      plan: '1',
      fingerprint: String(at),
      startsAt: at,
      alert: { alertname: 'BackupFailed', status: 'firing' } as const,
    })
    const many = Array.from({ length: mostSeen }, (_, at) => told(at))
    const first = sortAlerts(readSeen([]), many, 'webhook', 1000)
    const second = sortAlerts(first.next, [told(mostSeen)], 'webhook', 2000)
    assert.deepEqual([second.next.rows.size, second.delete], [mostSeen, ['alert/0/0']])
    assert.deepEqual(
      second.put.map(([key]) => key),
      [`alert/${mostSeen}/${mostSeen}`],
    )
  })

  test('only on disk, of another version, is passed over', () => {
    const { rows } = readSeen([
      ['alert/a/1', { v: 2 }],
      ['plan/1', { v: 1 }],
    ])
    assert.equal(rows.size, 0)
  })
})

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
