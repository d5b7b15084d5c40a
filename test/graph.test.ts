// Graphs: what a picture shows, that no text or number breaks it, and that a renderer leaves nothing behind.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { createGrapher } from '../src/hub/graph/graph.ts'
import { createPainter } from '../src/hub/graph/png.ts'
import { type Curve, type CurvePoint, drawGraph } from '../src/hub/graph/svg.ts'
import { toTimeTicks } from '../src/hub/graph/time-axis.ts'
import { toValueAxis } from '../src/hub/graph/value-axis.ts'
import { describeGraph } from '../src/hub/graph/words.ts'
import type { HostRow } from '../src/store/store.ts'

const hour = 3_600_000
const minute = 60_000
/** 14:05 in Rome. */
const now = Date.parse('2026-11-26T13:05:00Z')
const hostile = '<script>&"\'@everyone ]]> \u0000\u202e\ud800\ufffe\uffff'

function curve(points: readonly CurvePoint[], more: Partial<Curve> = {}): Curve {
  const texts = { metric: 'cpu_percent', title: 'CPU of pi4', note: 'now 12 %', alt: 'CPU of pi4 over a day' }
  return { ...texts, from: now - 24 * hour, to: now, zone: 'Europe/Rome', stepSeconds: 600, points, ...more }
}

function at(hoursAgo: number, mean: number, min = mean, max = mean): CurvePoint {
  return [now - hoursAgo * hour, 2, mean * 2, min, max]
}

/** Tags opened, closed and balanced, and no other use of the marks that XML has. */
function assertWellFormed(svg: string): void {
  const open: string[] = []
  for (const [, text = '', tag = ''] of svg.matchAll(/([^<]*)<([^>]*)>/g)) {
    assert.match(text, /^(?:[^&<>]|&(?:amp|lt|gt|quot|#39);)*$/u)
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(text + tag, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|NaN|Infinity|undefined/)
    assert.ok((text + tag).isWellFormed())
    if (tag.startsWith('/')) assert.equal(open.pop(), tag.slice(1))
    else {
      assert.match(tag, /^[a-z]+(?: [a-zA-Z0-9:-]+="(?:[^&<>"]|&[a-z#0-9]+;)*")*\/?$/)
      if (!tag.endsWith('/')) open.push(tag.split(' ')[0] ?? '')
    }
  }
  assert.deepEqual(open, [])
}

describe('a graph', () => {
  test('has a line for the average and a band from the least to the most', () => {
    const svg = drawGraph(curve([at(3, 20, 10, 30), at(2.8, 40, 20, 60), at(2.6, 30, 10, 50)]))
    assertWellFormed(svg)
    assert.equal(svg.match(/<polyline/g)?.length, 1)
    assert.equal(svg.match(/<polygon/g)?.length, 1)
    assert.match(svg, />CPU of pi4</)
    assert.match(svg, /<title>CPU of pi4 over a day</)
    assert.match(svg, /class="soft"[^>]*>50 %</)
  })

  test('shows a gap as a gap, and what is alone as a dot', () => {
    const steps = (from: number, count: number): CurvePoint[] =>
      Array.from({ length: count }, (_, index) => at(from - index / 6, 20))
    const svg = drawGraph(curve([...steps(20, 12), at(12, 50), ...steps(6, 36)]))
    assert.equal(svg.match(/<polyline/g)?.length, 2)
    assert.equal(svg.match(/<circle/g)?.length, 2, 'the one alone and the end')
    assert.equal(svg.match(/class="gap"/g)?.length, 3)
    assert.match(drawGraph(curve([])), /nothing is known of this time/)
  })

  test('of samples that come more rarely than its steps is one line', () => {
    const rare = Array.from({ length: 24 }, (_, index) => at(23 - index, index))
    assert.equal(drawGraph(curve(rare, { stepSeconds: 60 })).match(/<polyline/g)?.length, 1)
  })

  test('has a limit where one is given, and room for it', () => {
    const svg = drawGraph(curve([at(3, 5), at(2.9, 6)], { limit: { value: 80, label: 'error above 80 %' } }))
    assert.match(svg, /stroke-dasharray/)
    assert.match(svg, />error above 80 %</)
    assert.match(svg, />100 %</)
  })

  test('stays well-formed for any numbers, texts, spans and zones', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.oneof(fc.integer({ min: now - 30 * hour, max: now + hour }), fc.double()),
            fc.integer({ min: 0, max: 5 }),
            fc.double(),
            fc.double(),
            fc.double(),
          ),
          { maxLength: 20 },
        ),
        fc.record({
          metric: fc.constantFrom('cpu_percent', 'memory_used', 'uptime_seconds', 'temperature_celsius', 'x', hostile),
          title: fc.oneof(fc.constant(hostile), fc.string({ unit: 'binary', maxLength: 90 })),
          note: fc.constant(hostile),
          alt: fc.string({ unit: 'binary', maxLength: 30 }),
          zone: fc.constantFrom('UTC', 'Asia/Kathmandu', 'America/Sao_Paulo', 'Pacific/Apia'),
          from: fc.constantFrom(0, now - 400 * 24 * hour, now - 30 * 24 * hour, now - hour, now - minute, now),
          stepSeconds: fc.constantFrom(60, 3600, 86_400),
          limit: fc.record({ value: fc.double(), label: fc.constant(hostile) }),
        }),
        fc.constantFrom('large' as const, 'small' as const),
        (points, more, size) => assertWellFormed(drawGraph(curve(points, more), size)),
      ),
      { numRuns: 500 },
    ))
})

describe('axes', () => {
  const labels = (metric: string, from: number, to: number): string[] =>
    toValueAxis(metric, from, to).ticks.map(({ label }) => label)

  test('have round values in the words of their unit', () => {
    assert.deepEqual(labels('cpu_percent', 3, 98), ['0 %', '25 %', '50 %', '75 %', '100 %'])
    assert.deepEqual(labels('cpu_percent', 0.1, 3), ['0 %', '2 %', '4 %', '6 %'])
    assert.deepEqual(labels('memory_used', 3e9, 15e9), ['0 B', '4 GB', '8 GB', '12 GB', '16 GB'])
    assert.deepEqual(labels('temperature_celsius', 42, 56), ['40 °C', '45 °C', '50 °C', '55 °C', '60 °C'])
    assert.deepEqual(labels('load_1', 0, 2.8), ['0', '1', '2', '3'])
    assert.deepEqual(labels('x', -5, 5), ['-10', '-5', '0', '5', '10'])
    assert.equal(labels('uptime_seconds', 0, 30 * 86_400).at(1), '10 d')
    assert.ok(labels('x', 7, 7).length >= 2)
  })

  test('have the times of the zone, also on the day on which its clock is moved', () => {
    const ticks = (from: string, to: string): string[] =>
      toTimeTicks({ from: Date.parse(from), to: Date.parse(to) }, 'Europe/Rome', 9).map(({ label }) => label)
    assert.equal(
      ticks('2026-11-25T13:05:00Z', '2026-11-26T13:05:00Z').join(', '),
      '15:00, 18:00, 21:00, 26 Nov, 03:00, 06:00, 09:00, 12:00',
    )
    const spring = toTimeTicks(
      { from: Date.parse('2026-03-28T23:00:00Z'), to: Date.parse('2026-03-29T05:00:00Z') },
      'Europe/Rome',
      9,
    )
    assert.deepEqual(
      spring.map(({ at: when, label }) => `${new Date(when).toISOString().slice(11, 16)} ${label}`),
      ['23:00 29 Mar', '00:00 01:00', '01:00 03:00', '02:00 04:00', '03:00 05:00', '04:00 06:00', '05:00 07:00'],
    )
    assert.deepEqual(ticks('2026-01-15T00:00:00Z', '2026-11-15T00:00:00Z').slice(0, 2), ['Mar 2026', 'May 2026'])
    assert.equal(ticks('2026-11-01T00:00:00Z', '2026-11-29T00:00:00Z')[0], '2 Nov', 'weeks begin on Mondays')
  })
})

describe('the words of a graph', () => {
  const graph = { host: 'pi4', metric: 'cpu_percent', from: now - 24 * hour, to: now }
  const time = { stepSeconds: 600, now, zone: 'Europe/Rome' }

  test('say what it shows in one sentence', () => {
    const points = [at(20, 50, 3, 98), at(1 / 12, 12)]
    assert.equal(describeGraph(graph, points, time).alt, 'CPU of pi4, 24 h to 14:05: between 3 % and 98 %, now 12 %')
    const latest = { at: now - minute, value: 13.5 }
    assert.equal(describeGraph(graph, points, { ...time, latest }).note, 'now 13.5 %')
  })

  test('tell an old value, a constant one and none apart', () => {
    assert.equal(
      describeGraph(graph, [at(20, 7)], time).alt,
      'CPU of pi4, 24 h to 14:05: always 7 %, at 2026-11-25 18:05 7 %',
    )
    assert.equal(describeGraph(graph, [], time).alt, 'CPU of pi4, 24 h to 14:05: nothing is known')
    const before = { ...graph, from: now - 48 * hour, to: now - 24 * hour }
    assert.match(
      describeGraph(before, [at(25, 7)], time).alt,
      /24 h to 2026-11-25 14:05: always 7 %, at 2026-11-25 13:05/,
    )
  })
})

describe('pictures', () => {
  const painter = createPainter()
  after(() => painter.stop())

  test('are PNG of twice as many dots, whatever the texts', async () => {
    for (const title of ['CPU of pi4', hostile, '主机 😀 Ω ж']) {
      const png = Buffer.from(await painter.toPng(drawGraph(curve([at(3, 5), at(2.9, 1e308)], { title }))))
      assert.equal(png.subarray(1, 4).toString(), 'PNG')
      assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1600, 600])
    }
  })

  test('differ by their texts: the font is there', async () => {
    const [one, other] = await Promise.all(
      ['CPU of pi4', 'CPU of pi5'].map((title) => painter.toPng(drawGraph(curve([at(3, 5)], { title })))),
    )
    assert.notDeepEqual(one, other)
  })

  test('that cannot be drawn are refused, and the next one is drawn', async () => {
    await assert.rejects(() => painter.toPng('<svg'))
    assert.ok((await painter.toPng(drawGraph(curve([])))).length > 1000)
  })

  test('take a process that is gone when it is stopped, and comes again when it is needed', async () => {
    const own = createPainter()
    const before = children()
    await own.toPng(drawGraph(curve([])))
    const [mine] = children().filter((pid) => !before.includes(pid))
    assert.ok(mine !== undefined)
    own.stop()
    for (let turn = 0; children().includes(mine); turn += 1) {
      assert.ok(turn < 500, 'it is still there')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    assert.ok((await own.toPng(drawGraph(curve([])))).length > 1000)
    own.stop()
  })

  test('for channels are drawn of what the store knows, and of nothing there is none', async () => {
    const warned: string[] = []
    const warn = (message: string): void => void warned.push(message)
    const row: HostRow = {
      name: 'pi4',
      firstSeenAt: 0,
      lastSeenAt: now,
      source: 's',
      sample: { metrics: { cpu_percent: 9 } },
    }
    let broken = false
    const grapher = createGrapher({
      store: {
        async history({ host }) {
          if (broken) throw new Error('the disk is gone')
          return { stepSeconds: 600, points: host === 'pi4' ? [at(2, 4), at(1, 5)] : [] }
        },
        host: async (name) => (name === 'pi4' ? row : undefined),
      },
      now: () => now,
      zone: () => 'Europe/Rome',
      log: { info: warn, warn, error: warn },
    })
    const graph = { host: 'pi4', metric: 'cpu_percent', from: now - 24 * hour, to: now }
    const picture = await grapher.picture(graph)
    assert.equal(picture?.alt, 'CPU of pi4, 24 h to 14:05: between 4 % and 5 %, now 9 %')
    assert.ok((picture?.png.length ?? 0) > 1000)
    const limited = await grapher.picture({ ...graph, limit: 80 })
    assert.equal(limited?.alt, 'CPU of pi4, 24 h to 14:05: between 4 % and 5 %, now 9 %, limit 80 %')
    assert.match(limited?.svg ?? '', />limit 80 %</)
    assert.doesNotMatch(picture?.svg ?? '', /limit/)
    assert.equal(await grapher.picture({ ...graph, host: 'other' }), undefined)
    for (const to of [Number.NaN, Infinity, -1, 8.64e15]) await grapher.draw({ ...graph, from: 0, to })
    broken = true
    assert.equal(await grapher.picture(graph), undefined)
    assert.deepEqual(warned, ['a graph could not be drawn'])
    grapher.stop()
  })
})

/** Of this process. */
function children(): number[] {
  return readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  )
}
