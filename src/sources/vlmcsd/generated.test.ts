// The vlmcsd reader on made logs whose truth is known: nothing lost without concurrency, nothing wrongly called exact with it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeVlmcsdLog, type Traffic, type TrueRequest, type VlmcsdLog } from '../../../test/support/vlmcsd-log.ts'
import { dataOf, finish, openReader, readInPieces, readLog, textOf } from '../../../test/support/vlmcsd-reader.ts'
import type { NewEvent } from '../../words.ts'

const prefixes = ['none', 'date', 'syslog', 'cri', 'compose'] as const
const seeds = fc.integer({ min: 1, max: 1_000_000 })

/** All kinds of logs, few lines each. */
const traffics = fc.record({
  seed: seeds,
  clients: fc.integer({ min: 1, max: 8 }),
  spanMs: fc.constantFrom(200, 2000, 20_000),
  noise: fc.boolean(),
  killed: fc.constantFrom(0, 0.1),
  crashed: fc.constantFrom(0, 0.1),
  second: fc.constantFrom(0, 0.3),
  labels: fc.constantFrom<'old' | 'new'>('old', 'new'),
  prefix: fc.constantFrom(...prefixes),
  short: fc.boolean(),
  hangUp: fc.boolean(),
  hostileNames: fc.boolean(),
})

test('without concurrency every request and nothing else comes out, exact, in every form of the log', () => {
  fc.assert(
    fc.property(traffics, fc.constantFrom(0, 330), (traffic, offsetMinutes) => {
      const log = makeVlmcsdLog({ ...traffic, alone: true, noise: false, killed: 0, crashed: 0, offsetMinutes })
      const zone = offsetMinutes === 0 ? 'UTC' : 'Asia/Kolkata'
      const reader = openReader({ zone })
      // The log has no year behind syslog, and no time at all without a prefix.
      const events = finish(reader, [...reader.push(Buffer.from(log.text), Date.UTC(2026, 4, 20)).events])
      assert.deepEqual(
        events.map(wordsOf),
        log.requests.map((request) => truthOf(request, traffic)),
      )
    }),
    { numRuns: 200 },
  )
})

test('how the bytes are cut makes no difference', () => {
  fc.assert(
    fc.property(traffics, fc.array(fc.nat(20_000), { maxLength: 40 }), (traffic, cuts) => {
      const bytes = Buffer.from(makeVlmcsdLog(traffic).text)
      assert.deepEqual(
        readInPieces(bytes, cuts, () => false),
        readLog(bytes),
      )
    }),
    { numRuns: 150 },
  )
})

test('byte by byte is as good as at once', () => {
  const bytes = Buffer.from(makeVlmcsdLog({ seed: 5, clients: 6, spanMs: 1000, noise: true }).text)
  const cuts = Array.from({ length: bytes.length }, (_, index) => index)
  assert.deepEqual(
    readInPieces(bytes, cuts, () => false),
    readLog(bytes),
  )
})

test('a restart anywhere changes nothing', () => {
  fc.assert(
    fc.property(traffics, fc.array(fc.nat(20_000), { minLength: 1, maxLength: 12 }), (traffic, cuts) => {
      const bytes = Buffer.from(makeVlmcsdLog(traffic).text)
      assert.deepEqual(
        readInPieces(bytes, cuts, () => true),
        readLog(bytes),
      )
    }),
    { numRuns: 200 },
  )
})

test('a connection opened after a restart is not taken for a closed one that is still in question', () => {
  const traffic = {
    seed: 11,
    clients: 8,
    spanMs: 2000,
    noise: true,
    second: 0,
    prefix: 'none',
    short: true,
    hangUp: true,
  } as const
  const bytes = Buffer.from(makeVlmcsdLog({ ...traffic, labels: 'old', hostileNames: true }).text)
  assert.deepEqual(
    readInPieces(bytes, [1463, 1185, 0], () => true),
    readLog(bytes),
  )
})

test('a restart behind every line changes nothing', () => {
  for (const seed of [1, 2, 3]) {
    const { text } = makeVlmcsdLog({ seed, clients: 12, spanMs: 300, noise: true, second: 0.3, crashed: 0.1 })
    const bytes = Buffer.from(text)
    const cuts = [...text.matchAll(/\n/g)].map(({ index }) => Buffer.byteLength(text.slice(0, index + 1)))
    assert.deepEqual(
      readInPieces(bytes, cuts, () => true),
      readLog(bytes),
    )
  }
})

test('what opens and closes within one piece leaves no rows', () => {
  for (const alone of [true, false]) {
    const log = makeVlmcsdLog({ seed: 9, clients: 10, spanMs: 5000, alone, noise: !alone, hangUp: true })
    const output = openReader().push(Buffer.from(log.text), 0)
    assert.deepEqual([output.put, output.delete], [[], []])
  }
})

test('what opens in one piece and closes in another is put once and deleted', () => {
  const log = makeVlmcsdLog({ seed: 9, clients: 1, spanMs: 5000 }).text
  const lines = log.split(/(?<=\n)/)
  const reader = openReader()
  const first = reader.push(Buffer.from(lines.slice(0, -1).join('')), 0)
  const last = reader.push(Buffer.from(lines.at(-1) ?? ''), 0)
  assert.equal(first.put.length, 1)
  assert.deepEqual(last.put, [])
  assert.deepEqual(
    last.delete,
    first.put.map(([key]) => key),
  )
})

const loads = [
  { clients: 5, spanMs: 60_000, exact: 0.99 },
  { clients: 20, spanMs: 60_000, exact: 0.95 },
  { clients: 50, spanMs: 60_000, exact: 0.8 },
  { clients: 50, spanMs: 10_000, exact: 0.5 },
  { clients: 200, spanMs: 60_000, exact: 0.6 },
  { clients: 200, spanMs: 10_000, exact: 0.05 },
]

for (const { clients, spanMs, exact } of loads) {
  test(`${clients} clients in ${spanMs / 1000} s: every request is told, and "exact" is never wrong`, () => {
    let told = 0
    let proved = 0
    for (let seed = 1; seed <= 40; seed++) {
      const log = makeVlmcsdLog({ seed, clients, spanMs, killed: 0.005, crashed: 0.003 })
      const result = judge(log, readLog(log.text))
      assert.deepEqual(result.wrong, [], `seed ${seed}`)
      assert.equal(result.requests, log.requests.length, `seed ${seed}`)
      assert.deepEqual(result.workstations, log.requests.map(({ workstation }) => workstation).sort(), `seed ${seed}`)
      told += result.requests
      proved += result.exact
    }
    assert.ok(proved / told >= exact, `${proved} of ${told} are exact`)
  })
}

test('with scanners, half-open connections, dead workers and hostile names "exact" is never wrong either', () => {
  fc.assert(
    fc.property(traffics, fc.integer({ min: 5, max: 60 }), (traffic, clients) => {
      const log = makeVlmcsdLog({ ...traffic, clients })
      assert.deepEqual(judge(log, readLog(log.text)).wrong, [])
    }),
    { numRuns: 200 },
  )
})

test('with a process for each connection all is exact, whatever the load', () => {
  const log = makeVlmcsdLog({ seed: 3, clients: 100, spanMs: 2000, prefix: 'syslog', noise: true })
  const result = judge(log, readLog(log.text))
  assert.deepEqual(result.wrong, [])
  assert.equal(result.exact, log.requests.length)
})

test('garbage and torn lines are survived', () => {
  const line = fc.constantFrom(
    ...makeVlmcsdLog({ seed: 2, clients: 5, spanMs: 500, noise: true }).text.split(/(?<=\n)/),
  )
  const torn = fc.tuple(line, fc.nat(120)).map(([text, at]) => text.slice(at))
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
  const ending = fc.constantFrom('', '\n', '\r\n')
  const pieces = fc.array(fc.tuple(fc.oneof(line, torn, noise), ending), { maxLength: 120 })
  fc.assert(
    fc.property(pieces, fc.nat(4000), (parts, cut) => {
      const bytes = Buffer.from(parts.flat().join(''), 'latin1')
      const events = readInPieces(bytes, [cut], () => true)
      assert.deepEqual(events, readLog(bytes))
      for (const { type, data } of events) {
        assert.match(type, /^kms\./)
        assert.equal(JSON.stringify(data), JSON.stringify(JSON.parse(JSON.stringify(data))))
      }
    }),
    { numRuns: 300 },
  )
})

test('a line forged by a name never closes or opens what it names', () => {
  const forgeries = [
    (at: string, own: string) => `${at}IPv4 connection closed: ${own}.`,
    (at: string) => `${at}IPv4 connection closed: 9.9.9.9:99.`,
    (at: string) => `${at}vlmcsd svn1 was shutdown`,
    (at: string) => `${at}vlmcsd svn1 started successfully`,
    () => 'anything at all',
  ]
  fc.assert(
    fc.property(seeds, fc.constantFrom(...forgeries), (seed, forge) => {
      const log = makeVlmcsdLog({ seed, clients: 3, spanMs: 0, alone: true, second: 0 })
      const victim = log.requests[1]
      assert.ok(victim)
      const own = victim.key.startsWith('[') ? '1.1.1.1:1' : victim.key
      const named = new RegExp(
        `^(.{21})(Workstation name +: .*)\\n(?=[^]*closed: ${victim.key.replace(/[^a-z0-9]/g, '\\$&')})`,
        'm',
      )
      const text = log.text.replace(named, (_, at: string, rest: string) => `${at}${rest}\n${forge(at, own)}\n`)
      const types = readLog(text).map(({ type }) => type)
      assert.equal(types.filter((type) => type === 'kms.anomaly').length, 1)
      assert.equal(types.filter((type) => isRequest(type)).length, log.requests.length)
      assert.equal(types.length, log.requests.length + 1)
    }),
    { numRuns: 100 },
  )
})

interface Judgement {
  readonly requests: number
  readonly exact: number
  readonly workstations: readonly string[]
  /** Events called exact whose request never was. */
  readonly wrong: readonly NewEvent[]
}

function judge(log: VlmcsdLog, events: readonly NewEvent[]): Judgement {
  const told = events.filter(({ type }) => isRequest(type))
  const exact = told.filter((event) => dataOf(event)['attribution'] === 'exact')
  const left = [...log.requests]
  const wrong = exact.filter((event) => {
    const at = left.findIndex((request) => isOf(event, request))
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
  const workstations = told.map((event) => textOf(event, 'workstation')).sort()
  return { requests: told.length, exact: exact.length, workstations, wrong }
}

function isRequest(type: string): boolean {
  return type === 'kms.activation' || type === 'kms.renewal' || type === 'kms.refused'
}

/** Whether all that the event says is true of the request; a worker that died may leave its end unsaid, never another's. */
function isOf(event: NewEvent, request: TrueRequest): boolean {
  const { client, workstation, skuId, outcome } = dataOf(event)
  if (client !== request.client || !request.key.endsWith(`:${textOf(event, 'port')}`)) return false
  if (workstation !== request.workstation || (skuId !== undefined && skuId !== request.skuId)) return false
  return outcome === request.outcome || outcome === 'unknown' || outcome === 'lost'
}

function wordsOf(event: NewEvent): object {
  const { client, port, workstation, outcome, attribution, hresult, clientMachineId, skuId, status } = dataOf(event)
  const long = clientMachineId === undefined ? {} : { clientMachineId, skuId, isLicensed: status === 'Licensed' }
  return { type: event.type, client, port, workstation, outcome, attribution, hresult, ...long }
}

function truthOf(request: TrueRequest, traffic: Traffic): object {
  const { client, key, workstation, outcome, machine, skuId, statusCode } = request
  const licensed = statusCode === 1
  const long = traffic.short ? {} : { clientMachineId: machine, skuId, isLicensed: licensed }
  const asked = !traffic.short && licensed ? 'kms.renewal' : 'kms.activation'
  return {
    type: outcome === 'refused' ? 'kms.refused' : asked,
    client,
    port: Number(key.slice(key.lastIndexOf(':') + 1)),
    workstation,
    outcome,
    attribution: 'exact',
    hresult: request.hresult,
    ...long,
  }
}
