// What people read of a limit that was passed: short titles, the Janitor's rows, the one at fault first.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EventType, MessageWords } from '../event-type.ts'
import type { HubEvent, JsonObject } from '../words.ts'
import types from './host-threshold.ts'

const type: EventType = types[0] ?? assert.fail('there is a type')

function said(data: JsonObject, more: Partial<HubEvent> = {}): MessageWords {
  const { sample } = type
  const time = sample.time ?? 0
  const own = { seq: 1, id: '1', type: type.name, time, receivedAt: time, source: 'limits', labels: {} }
  const event = {
    ...own,
    severity: 'warning' as const,
    host: 'pi4',
    ...sample,
    ...more,
    data: { ...sample.data, ...data },
  }
  return type.message(event as HubEvent)
}

/** As the Janitor sends it; the report is the one that it makes of it. */
const tatooine = {
  cpu_percent: 98.2,
  cpu_count: 4,
  memory_total: 8_192_000_000,
  memory_avail: 7_376_732_160,
  memory_used: 653_115_392,
  memory_free: 6_400_000_000,
  memory_percent: 7.97,
  disk_usage_total: 62_555_000_000,
  disk_usage_used: 21_000_000_000,
  disk_usage_free: 38_000_000_000,
  disk_usage_percent: 35.6,
}

test('a lower limit is said to be one', () => {
  const { title } = said({ series: 'memory_percent', value: 3, limit: 5, operator: 'below' })
  assert.equal(title, 'pi4: Memory 3 % (lower limit 5 %)')
  assert.match(said({ limit: 5, operator: 'atMost' }).title, /\(lower limit 5 %\)$/)
})

test('a report has the names, sizes and mark of the Janitor', () => {
  const { title, fields = [] } = said({ metrics: tatooine, over: ['cpu_percent'] }, { host: 'tatooine' })
  assert.equal(title, 'tatooine: CPU 98.2 % (limit 80 %)')
  assert.deepEqual(
    fields.map(({ name, value }) => `- **${name}**: ${value}`),
    [
      '- **CPU %**: 98.2 ❗️',
      '- **CPU count**: 4',
      '- **Memory Total**: 7.63 GB',
      '- **Memory Available**: 6.87 GB',
      '- **Memory Used**: 622.86 MB',
      '- **Memory Free**: 5.96 GB',
      '- **Memory %**: 7.97',
      '- **Disk Total**: 58.26 GB',
      '- **Disk Used**: 19.56 GB',
      '- **Disk Free**: 35.39 GB',
      '- **Disk %**: 35.6',
    ],
  )
})

test('the row at fault comes first, all others that are over behind it, each with a mark', () => {
  const over = ['cpu_percent', 'filesystem_percent{mount="/data"}']
  const metrics = { cpu_percent: 90, memory_percent: 5, 'filesystem_percent{mount="/data"}': 95.5, odd_thing: 1.239 }
  const { title, fields = [] } = said({
    metrics,
    over,
    series: 'filesystem_percent{mount="/data"}',
    value: 95.5,
    limit: 90,
  })
  assert.equal(title, 'pi4: Filesystem /data 95.5 % (limit 90 %)')
  assert.deepEqual(
    fields.map(({ name, value }) => `${name}: ${value}`),
    ['Filesystem % /data: 95.5 ❗️', 'CPU %: 90 ❗️', 'Memory %: 5', 'odd_thing: 1.24'],
  )
})

describe('a title', () => {
  for (const [data, title] of [
    [
      { series: 'memory_avail', value: 125_829_120, limit: 209_715_200, operator: 'below' },
      'Memory Available 120 MB (lower limit 200 MB)',
    ],
    [
      { series: 'temperature_celsius{sensor="cpu"}', value: 86.25, limit: 85 },
      'Temperature cpu 86.25 °C (limit 85 °C)',
    ],
    [{ series: 'load_1', value: 12.345678, limit: 8 }, 'Load 1 min 12.35 (limit 8)'],
    [{ series: 'uptime_seconds', value: 12_000, limit: 3600 }, 'Uptime 3 h 20 min (limit 1 h)'],
    [
      { series: 'disk_usage_percent', value: 71, operator: 'fullWithin', limit: 28_800, fullInSeconds: 18_000 },
      'Disk full in about 5 h (now 71 %)',
    ],
    [{ reason: 'missing' }, 'no values of CPU any more, the last was 98.2 % (limit 80 %)'],
  ] as const) {
    test(title, () => assert.equal(said(data).title, `pi4: ${title}`))
  }

  test('of a host that calls itself anything is one short line', () => {
    const { title } = said({}, { host: `a\nb\u202E\u001b[31m${'x'.repeat(5000)}` })
    assert.match(title, /^a b.?x{50,80}…: CPU 98\.2 % \(limit 80 %\)$/u)
    assert.match(said({}, { host: ' \n ' }).title, /^unknown host: /)
  })
})

test('how long, whose limit and when it will be full stand below', () => {
  assert.deepEqual(said({}).lines, ['For 10 min now. Limit of host pi4.'])
  assert.deepEqual(said({ durationSeconds: 0, origin: 'default' }).lines, ['The limit is the default.'])
  const full = said({ fullInSeconds: 7200, origin: 'tag db' }).lines
  assert.deepEqual(full, ['For 10 min now. Going on like this, it is full in about 2 h. Limit of tag db.'])
})

test('units that have failed are named', () => {
  const { title, lines } = said({
    series: 'failed_units',
    value: 2,
    limit: 0,
    failedUnits: ['a.service', 'b@1\n.mount'],
  })
  assert.equal(title, 'pi4: Failed units 2 (limit 0)')
  assert.deepEqual(lines?.slice(1), ['Failed: a.service, b@1 .mount'])
})

test('a graph of the metric goes with it, with its limit where that is a value', () => {
  const from = Date.UTC(2026, 10, 20, 2)
  const graph = { host: 'pi4', metric: 'cpu_percent', from, to: from + 70 * 60_000 }
  assert.deepEqual(said({}).graphs, [{ ...graph, limit: 80 }])
  assert.deepEqual(said({ operator: 'fullWithin', limit: 28_800 }).graphs, [graph])
  assert.deepEqual(said({ limit: 'much' }).graphs, [graph])
})

test('an end has no report', () => {
  const { fields, icon, graphs } = said({ metrics: {} }, { condition: { key: 'x', state: 'resolved' } })
  assert.deepEqual([fields, icon, graphs?.length], [undefined, 'white_check_mark', 1])
})

test('data that somebody made up is shown as well as can be', () => {
  for (const data of [
    { metrics: [1], over: 7, series: null, metric: {}, value: 'x', from: 'never', durationSeconds: -1, origin: 3 },
    { metrics: { a: 'b', c: 1e308, __proto__: 4 }, over: [{}], series: 'm{x="<b>@all"}', value: 1e308, limit: -1e308 },
  ]) {
    const { title } = said(data as never)
    assert.ok(title.length < 300)
  }
})
