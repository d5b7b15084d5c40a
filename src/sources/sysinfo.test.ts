// Samples of other hosts, as the Janitor's remotes send them, byte for byte answered as they know it; and what strangers send.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type SourceDouble, startSource } from '../../test/support/source-double.ts'
import { NotStored, type SourceResponse } from '../source.ts'
import type { Json } from '../words.ts'
import { readSample } from '../source-sample.ts'
import sysinfo from './sysinfo.ts'

const path = '/sysinfo'

function post(source: SourceDouble, body: unknown): Promise<SourceResponse> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return source.ask({ path, body: text, headers: { 'content-type': 'application/json' } })
}

async function metricsOf(sysData: unknown): Promise<{ readonly [series: string]: number }> {
  const source = await startSource(sysinfo)
  assert.deepEqual(await post(source, { sys_data: sysData }), { status: 200, body: 200 })
  return readSample(source.facts[0] ?? assert.fail())?.metrics ?? assert.fail()
}

/** As it goes over the wire. */
const pi =
  '{"sys_data":{"hostname":"pi4","cpu_percent":93.1,"cpu_count":4,"memory_total":3977711616,"memory_avail":3000000000,' +
  '"memory_used":800000000,"memory_free":200000000,"memory_percent":20.11,"disk_usage_total":31268536320,' +
  '"disk_usage_used":9000000000,"disk_usage_free":20000000000,"disk_usage_percent":31.0}}'

describe('a post', () => {
  test('is a sample of its host, and is answered 200 as JSON', async () => {
    const source = await startSource(sysinfo)
    const answer = await post(source, pi)
    assert.deepEqual([answer.status, JSON.stringify(answer.body)], [200, '200'])
    const { hostname, ...metrics } = (JSON.parse(pi) as { sys_data: { [name: string]: unknown } }).sys_data
    assert.equal(hostname, 'pi4')
    assert.deepEqual(source.facts, [{ name: 'host.sample', key: 'pi4', host: 'pi4', data: { metrics } }])
    assert.equal(source.batches, 1)
  })

  test('of a host whose name no address can hold is of an unknown one', async () => {
    const source = await startSource(sysinfo)
    for (const hostname of ['.', ' .. ', '...']) await post(source, { sys_data: { hostname, cpu_percent: 1 } })
    assert.deepEqual(
      source.facts.map(({ host }) => host),
      ['unknown host', 'unknown host', '...'],
    )
  })

  test('needs no content type, and says how often it comes where that is known', async () => {
    const source = await startSource(sysinfo, { every: '1m' })
    assert.equal((await source.ask({ path, body: pi })).status, 200)
    assert.equal(source.facts[0]?.data['everySeconds'], 60)
  })

  test('that cannot be stored is not answered as if it were', async () => {
    const source = await startSource(sysinfo)
    source.full = true
    await assert.rejects(post(source, pi), NotStored)
  })

  test('without metrics is a sign of life', async () => assert.deepEqual(await metricsOf({}), {}))
})

describe('hosts', () => {
  const dayMs = 86_400_000
  const ask = async (source: SourceDouble, host: string): Promise<number> =>
    (await post(source, { sys_data: { hostname: host, x: 1 } })).status

  test('that post more often than they may are told when to come again, each by itself', async () => {
    const source = await startSource(sysinfo, { perMinute: 2 })
    assert.deepEqual([await ask(source, 'a'), await ask(source, 'a'), await ask(source, 'b')], [200, 200, 200])
    const { status, body, headers } = await post(source, { sys_data: { hostname: 'a' } })
    assert.deepEqual([status, headers], [429, { 'retry-after': '30' }])
    assert.deepEqual(body, { error: 'More samples of this host than are taken; try again in 30 s.' })
    assert.equal(source.facts.length, 3)
  })

  test('beyond the most are refused with a sentence, said in the log once; those known go on', async () => {
    const source = await startSource(sysinfo, { hosts: 2 })
    assert.deepEqual([await ask(source, 'a'), await ask(source, 'b'), await ask(source, 'c')], [200, 200, 429])
    const { status, body } = await post(source, { sys_data: { hostname: 'd' } })
    assert.equal(status, 429)
    assert.deepEqual(body, {
      error:
        'Samples of 2 hosts are taken already, which is the most; raise hosts of this source if d is to be one of them.',
    })
    assert.deepEqual([await ask(source, 'a'), await ask(source, 'b')], [200, 200])
    assert.equal(source.facts.length, 4)
    assert.equal(source.logged.length, 1)
  })

  test('are known after a restart, and make room once they were not heard for a week', async () => {
    let now = Date.UTC(2026, 10, 20)
    const rows = new Map<string, Json>()
    const start = (): Promise<SourceDouble> => startSource(sysinfo, { hosts: 2 }, { rows, now: () => now })
    const first = await start()
    await ask(first, 'a')
    await ask(first, 'b')
    now += 5 * dayMs
    const second = await start()
    assert.deepEqual([await ask(second, 'b'), await ask(second, 'c')], [200, 429])
    now += 4 * dayMs
    assert.deepEqual([await ask(second, 'c'), await ask(second, 'd'), await ask(second, 'b')], [200, 429, 200])
    assert.deepEqual([...rows.keys()].toSorted(), ['host b', 'host c'])
  })

  test('that could not be stored have taken no room', async () => {
    const source = await startSource(sysinfo, { hosts: 1 })
    source.full = true
    await assert.rejects(ask(source, 'a'), NotStored)
    source.full = false
    assert.equal(await ask(source, 'b'), 200)
  })

  test('of a hundred thousand names leave a thousand', async () => {
    const source = await startSource(sysinfo)
    let refused = 0
    for (let count = 0; count < 100_000; count += 1) refused += (await ask(source, `made-up-${count}`)) === 429 ? 1 : 0
    assert.deepEqual([refused, source.facts.length, source.rows.size], [99_000, 1000, 1000])
  })
})

describe('what is refused', () => {
  const noData = '{"message":{"sys_data":"No sys_data provided"}}'
  for (const body of [
    '{}',
    '{"sys_data":null}',
    '{"sys_data":[]}',
    '{"sys_data":[["a",1]]}',
    '{"sys_data":"x"}',
    '{"sys_data":5}',
    '{"other":{"cpu_percent":1}}',
    '[]',
    'null',
    '5',
    '"sys_data"',
    '{"sys_data":NaN}',
  ])
    test(`${body} has no sys_data`, async () => {
      const source = await startSource(sysinfo)
      const answer = await post(source, body)
      assert.deepEqual([answer.status, JSON.stringify(answer.body)], [400, noData])
      assert.equal(source.batches, 0)
    })

  test('what is no JSON, too deep or too large', async () => {
    const source = await startSource(sysinfo)
    const asked = async (body: string): Promise<[number, string]> => {
      const answer = await post(source, body)
      return [answer.status, (answer.body as { readonly error: string }).error]
    }
    for (const body of ['', '{"sys_data":', 'hostname=h&cpu_percent=1', '{"sys_data":{"a":NaN}']) {
      const [status, error] = await asked(body)
      assert.equal(status, 400)
      assert.match(error, /^The body is no JSON: /)
    }
    assert.match((await asked(`{"sys_data":${'['.repeat(100_000)}`))[1], /nested deeper than 64/)
    assert.match((await asked(`{"sys_data":{"a":NaN,"b":${'['.repeat(100_000)}`))[1], /nested deeper than 64/)
    const [status, error] = await asked(`{"sys_data":{"a":"${'x'.repeat(1024 * 1024)}"}}`)
    assert.equal(status, 413)
    assert.match(error, /larger than 1048576 bytes/)
    assert.equal(source.batches, 0)
  })
})

describe('metrics', () => {
  test('that are no numbers are left out, the others kept', async () => {
    const odd = { cpu_percent: '93.1', a: true, b: null, c: [1], d: { e: 1 }, memory_percent: 20, extra: -1 }
    assert.deepEqual(await metricsOf(odd), { memory_percent: 20, extra: -1 })
  })

  test('that Python calls NaN or Infinity are left out, the others kept', async () => {
    const source = await startSource(sysinfo)
    const body = '{"sys_data": {"hostname": "NaN", "cpu_percent": NaN, "a": -Infinity, "b": Infinity, "load_1": 0.5}}'
    assert.equal((await post(source, body)).status, 200)
    assert.deepEqual(source.facts[0]?.data, { metrics: { load_1: 0.5 } })
    assert.equal(source.facts[0]?.host, 'NaN')
  })

  test('may be as large as a number can be, and no larger', async () => {
    const source = await startSource(sysinfo)
    await post(source, '{"sys_data":{"a":1e308,"b":-1e308,"c":1e999,"d":5e-324}}')
    assert.deepEqual(source.facts[0]?.data, { metrics: { a: 1e308, b: -1e308, d: 5e-324 } })
  })

  test('beyond the most that is kept are dropped', async () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`metric_number_${index}`, index]))
    const kept = Object.keys(await metricsOf({ hostname: 'h', ...many }))
    assert.equal(kept.length, 500)
    assert.equal(kept[499], 'metric_number_499')
  })

  test('with hostile names are kept under names that harm nobody', async () => {
    const metrics = await metricsOf(
      JSON.parse(
        `{"__proto__":1,"constructor":2,"a\\u0000\\nb\\u202e":3,"${'x'.repeat(5000)}":4,"${'x'.repeat(4999)}":5,"":6,"\\ud800":7}`,
      ),
    )
    assert.deepEqual(Object.entries(metrics), [
      ['__proto__', 1],
      ['constructor', 2],
      [String.raw`a\u0000\nb\u202e`, 3],
      [`${'x'.repeat(199)}…`, 4],
      ['\ufffd', 7],
    ])
  })
})

describe('the host', () => {
  for (const [hostname, host] of [
    [undefined, 'unknown host'],
    [null, 'unknown host'],
    ['', 'unknown host'],
    [' \n ', 'unknown host'],
    [{ a: 1 }, 'unknown host'],
    [['nas'], 'unknown host'],
    [7, '7'],
    [' nas ', 'nas'],
    ['<b>@admin@example.org</b> **x** [a](http://b)', '<b>@admin@example.org</b> **x** [a](http://b)'],
    ['a\u0007\u001b[31mb\r\nc', String.raw`a\u0007\u001b[31mb\u000d\nc`],
    ['\ud83d', '\ufffd'],
    ['h'.repeat(300), `${'h'.repeat(252)}…`],
  ] as const)
    test(`${JSON.stringify(hostname)?.slice(0, 60)} is ${host.slice(0, 50)}`, async () => {
      const source = await startSource(sysinfo)
      assert.equal((await post(source, { sys_data: { hostname, cpu_percent: 1 } })).status, 200)
      const [fact] = source.facts
      assert.deepEqual([fact?.host, fact?.key], [host, host])
    })
})

test('whatever is sent, the answer is 200 or 400, and what is kept is a sample', async () => {
  const source = await startSource(sysinfo)
  const sysData = fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(fc.double(), fc.jsonValue()))
  const bodies = fc.oneof(
    fc.string(),
    fc.json(),
    sysData.map((data) => JSON.stringify({ sys_data: data })),
  )
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const before = source.facts.length
      const { status } = await post(source, body)
      assert.ok(status === 200 || status === 400)
      assert.equal(source.facts.length - before, status === 200 ? 1 : 0)
      const fact = source.facts.at(-1)
      if (status !== 200 || fact === undefined) return
      const { metrics } = readSample(fact) ?? assert.fail()
      assert.deepEqual(metrics, fact.data['metrics'])
      for (const text of [fact.key, ...Object.keys(metrics)])
        assert.ok(text.isWellFormed() && !/[\u0000-\u001f]/.test(text))
    }),
    { numRuns: 300 },
  )
})
