// The vlmcsd reader on logs as they are found: old and new, short and long, behind every transport, with forged lines.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dataOf, openReader, readFixture, readLog, textOf } from '../../../test/support/vlmcsd-reader.ts'
import type { NewEvent } from '../../words.ts'
import kind from './index.ts'
import { productCount, productOf } from './products.ts'

const typesOf = (events: readonly NewEvent[]): string[] => events.map(({ type }) => type)

/** Of the log s3-modern-exchange. */
const exchange = {
  client: '172.23.0.1',
  port: 38940,
  zone: 'external',
  application: 'Windows',
  product: 'Windows Server 2008 R2 Enterprise',
  skuId: '620e2b3d-09e7-42fd-802a-17a13652fe7a',
  workstation: 'win2k8r2',
  status: 'OOB grace',
  statusCode: 2,
  machine: 'c0ece1f0-ea45-4568-a519-a680cd960f29',
  clientMachineId: 'c0ece1f0-ea45-4568-a519-a680cd960f29',
  previousClientMachineId: '129fa978-efe4-4c67-8401-3f46d95a0d26',
  protocol: '4.0',
  isVirtualMachine: false,
  remainingSeconds: 43200 * 60,
  minimumClients: 5,
  outcome: 'answered',
  activeClients: 50,
  clockSkewSeconds: 1,
  attribution: 'exact',
}
const exchangeAt = Date.UTC(2018, 3, 17, 8, 31, 43)

test('a connection without a request is a probe', () => {
  assert.deepEqual(readLog(readFixture('s1-probe.log')), [
    {
      type: 'kms.probe',
      host: 'kms',
      time: Date.UTC(2026, 4, 10, 11),
      subject: '10.10.107.224',
      data: { client: '10.10.107.224', port: 54321, zone: 'internal_pod', durationSeconds: 0 },
    },
  ])
})

test('probes inside a long activation do not disturb it, and a block without an answer is told at its close', () => {
  const events = readLog(readFixture('s2-probes-inside-activation.log'))
  assert.deepEqual(typesOf(events), ['kms.probe', 'kms.probe', 'kms.renewal'])
  assert.equal(dataOf(events[0])['zone'], 'cluster_node')
  assert.equal(events[2]?.time, Date.UTC(2026, 4, 10, 13, 12, 17))
  assert.deepEqual(dataOf(events[2]), {
    client: '192.168.1.230',
    port: 53140,
    zone: 'external',
    application: 'Windows',
    product: 'Windows 10 Professional',
    skuId: '2de67392-b7a7-462a-b1ca-108dd189f588',
    workstation: 'WIN10Pro-DS32.viktorbarzin.lan',
    status: 'Licensed',
    statusCode: 1,
    machine: 'WIN10Pro-DS32.viktorbarzin.lan',
    outcome: 'unknown',
    attribution: 'exact',
  })
})

test('a full exchange without names takes them from our table', () => {
  const [event, ...rest] = readLog(readFixture('s3-modern-exchange.log'))
  assert.deepEqual(event, {
    type: 'kms.activation',
    host: 'kms',
    time: exchangeAt,
    subject: '172.23.0.1',
    data: exchange,
  })
  assert.deepEqual(rest, [])
})

test('an activation is told at the last line of its answer, not at its close', () => {
  const lines = readFixture('s3-modern-exchange.log').split(/(?<=\n)/)
  const reader = openReader()
  assert.deepEqual(reader.push(Buffer.from(lines.slice(0, 21).join('')), 0).events, [])
  assert.deepEqual(typesOf(reader.push(Buffer.from(lines[21] ?? ''), 0).events), ['kms.activation'])
})

test('a refusal is told with its code and words', () => {
  const events = readLog(readFixture('s4-refused.log'))
  assert.deepEqual(typesOf(events), ['kms.refused'])
  const { hresult, outcome, reason, attribution } = dataOf(events[0])
  assert.deepEqual(
    { hresult, outcome, reason, attribution },
    {
      hresult: '0xC004F042',
      outcome: 'refused',
      reason: 'Refusing unknown product',
      attribution: 'exact',
    },
  )
})

test('every refusal vlmcsd knows is one', () => {
  for (const words of [
    'Rejecting request with more than 1000 minimum clients (0x8007000D)',
    'Client time differs more than 4 hours from system time (0xC004F06C)',
    'Refusing retail or beta product (0xC004F042)',
    'Refusing product with incorrect Application ID (0xC004F042)',
    'Rejecting more than 671 clients (0xC004D104)',
  ]) {
    const log = readFixture('s4-refused.log').replace('Refusing unknown product (0xC004F042)', words)
    const [event] = readLog(log)
    assert.equal(event?.type, 'kms.refused', words)
    assert.equal(`${textOf(event, 'reason')} (${textOf(event, 'hresult')})`, words)
  }
})

test('two interleaved clients are two activations whose addresses are in doubt', () => {
  const events = readLog(readFixture('s5-two-interleaved.log'))
  assert.deepEqual(typesOf(events), ['kms.activation', 'kms.activation'])
  assert.deepEqual(
    events.map((event) => dataOf(event)['workstation']),
    ['A-HOST', 'B-HOST'],
  )
  assert.deepEqual(
    events.map((event) => dataOf(event)['attribution']),
    ['ambiguous', 'ambiguous'],
  )
  assert.deepEqual(
    events.map((event) => dataOf(event)['candidates']),
    [
      ['192.168.1.230:53140', '203.0.113.9:1111'],
      ['203.0.113.9:1111', '192.168.1.230:53140'],
    ],
  )
})

test('when one of two connections asks and the log cannot say which, the other counts as the probe', () => {
  const events = readLog(readFixture('s5-one-of-two-asks.log'))
  assert.deepEqual(typesOf(events), ['kms.activation', 'kms.probe'])
  assert.equal(dataOf(events[0])['attribution'], 'ambiguous')
})

test('a probe between accept and request does not take the request', () => {
  const events = readLog(readFixture('s6-probe-before-details.log'))
  assert.deepEqual(typesOf(events), ['kms.probe', 'kms.activation'])
  assert.deepEqual(dataOf(events[1]), exchange)
})

test('names keep their brackets', () => {
  assert.equal(dataOf(readLog(readFixture('s7-brackets-in-names.log'))[0])['product'], 'Windows 10 S (Lean)')
})

test('v6 addresses come plain, with their scope, and mapped ones as v4', () => {
  const events = readLog(readFixture('s8-ipv6.log'))
  assert.deepEqual(
    events.map((event) => [dataOf(event)['client'], dataOf(event)['port'], dataOf(event)['zone']]),
    [
      ['2001:db8::1', 53140, 'external'],
      ['fe80::1%eth0', 53140, 'external'],
      ['fe80::abcd:12ff:fe34:5678%eth0', 53140, 'external'],
      ['10.10.1.2', 53140, 'internal_pod'],
    ],
  )
})

test('a log without dates has the time of reading', () => {
  const reader = openReader()
  const now = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
  const [event] = reader.push(Buffer.from(readFixture('s9-no-prefix.log')), now).events
  const { clockSkewSeconds: _, ...expected } = exchange
  assert.deepEqual(event, { type: 'kms.activation', host: 'kms', time: now, subject: '172.23.0.1', data: expected })
})

test('without dates and without a time of reading an event has no time', () => {
  const [event] = readLog(readFixture('s9-no-prefix.log'))
  assert.equal(event?.type, 'kms.activation')
  assert.equal(event.time, undefined)
})

test('two requests on one connection are two events', () => {
  const events = readLog(readFixture('s10-two-requests.log'))
  assert.deepEqual(
    events.map((event) => [dataOf(event)['application'], dataOf(event)['product'], dataOf(event)['attribution']]),
    [
      ['Windows', 'Windows Server 2008 R2 Enterprise', 'exact'],
      ['Office 2013+', 'Office Professional Plus 2016', 'exact'],
    ],
  )
})

for (const name of ['forged-close', 'forged-strange-close', 'forged-shutdown', 'forged-raw-line']) {
  test(`a name that forges a line is told and changes nothing: ${name}`, () => {
    const events = readLog(readFixture(`s11-${name}.log`))
    assert.deepEqual(typesOf(events), ['kms.anomaly', 'kms.activation'])
    assert.equal(dataOf(events[0])['kind'], 'log-injection')
    assert.equal(dataOf(events[0])['client'], '172.23.0.1')
    assert.deepEqual(dataOf(events[1]), { ...exchange, workstation: 'evil' })
  })
}

test('words of the log inside a name are a name', () => {
  const events = readLog(readFixture('s11-words-in-the-name.log'))
  assert.deepEqual(typesOf(events), ['kms.activation'])
  assert.equal(dataOf(events[0])['workstation'], 'x: IPv4 connection accepted: 8.8.8.8:1')
})

test('a connection that a name may have forged is told when it never ends', () => {
  const forged = '2018-04-17 08:31:43: IPv4 connection accepted: 8.8.8.8:1.\n'
  const log = readFixture('s3-modern-exchange.log').replace(/(?<=win2k8r2\n)/, forged)
  const events = readLog(log)
  assert.deepEqual(typesOf(events), ['kms.activation', 'kms.anomaly'])
  assert.equal(dataOf(events[1])['client'], '8.8.8.8')
})

for (const name of ['compose', 'cri', 'cri-parts']) {
  test(`the prefix of a transport is stripped: ${name}`, () => {
    const [event] = readLog(readFixture(`prefix-${name}.log`))
    assert.deepEqual(event, {
      type: 'kms.activation',
      host: 'kms',
      time: exchangeAt,
      subject: '172.23.0.1',
      data: exchange,
    })
  })
}

test('syslog gives the host, and the year is that of reading', () => {
  const reader = openReader()
  const [event] = reader.push(Buffer.from(readFixture('prefix-syslog.log')), Date.UTC(2018, 3, 17, 9)).events
  assert.deepEqual(event, {
    type: 'kms.activation',
    host: 'kmshost',
    time: exchangeAt,
    subject: '172.23.0.1',
    data: exchange,
  })
})

test('syslog lines of December read in January are of last year', () => {
  const reader = openReader()
  const log = readFixture('prefix-syslog.log').replaceAll('Apr 17', 'Dec 31')
  const [event] = reader.push(Buffer.from(log), Date.UTC(2027, 0, 1, 1)).events
  assert.equal(event?.time, Date.UTC(2026, 11, 31, 8, 31, 43))
})

test('syslog with ISO times knows the zone itself', () => {
  const [event] = readLog(readFixture('prefix-syslog-iso.log'), { zone: 'America/New_York' })
  assert.equal(event?.time, exchangeAt)
  assert.equal(event?.host, 'kmshost')
})

test('with a process for each connection, interleaved requests are exact', () => {
  const events = readLog(readFixture('syslog-interleaved.log'))
  assert.deepEqual(
    events.map((event) => [dataOf(event)['client'], dataOf(event)['workstation'], dataOf(event)['attribution']]),
    [
      ['172.23.0.1', 'win2k8r2', 'exact'],
      ['172.23.0.2', 'second', 'exact'],
    ],
  )
})

test('with one process for all, the pid proves nothing', () => {
  const events = readLog(readFixture('syslog-interleaved.log').replaceAll('4243', '4242'))
  assert.deepEqual(typesOf(events), ['kms.activation', 'kms.activation'])
  assert.deepEqual(
    events.map((event) => dataOf(event)['attribution']),
    ['ambiguous', 'ambiguous'],
  )
})

test('starts and stops of the server are told, and what was under way is lost', () => {
  const events = readLog(readFixture('life-cycle.log'))
  assert.deepEqual(
    events.map(({ type, data }) => [type, data?.['version'] ?? data?.['kind']]),
    [
      ['kms.server-started', 'svn1113, built 2020-03-28'],
      ['kms.server-stopped', 'svn1113, built 2020-03-28'],
      ['kms.anomaly', 'incomplete'],
      ['kms.server-started', 'svn1113, built 2020-03-28'],
    ],
  )
})

test('connections that are turned away are neither probes nor activations', () => {
  const events = readLog(readFixture('rejections.log'))
  assert.deepEqual(
    events.map(({ type, data }) => [type, data?.['client'], data?.['reason'], data?.['attribution']]),
    [
      ['kms.rejected', '203.0.113.9', 'public-ip', 'exact'],
      ['kms.rejected', '10.0.0.9', 'unsupported-protocol', 'exact'],
    ],
  )
})

test('a worker that crashes is told', () => {
  const events = readLog(readFixture('worker-crash.log'))
  assert.equal(dataOf(events.at(-1))['kind'], 'worker-crash')
  assert.equal(dataOf(events.at(-1))['client'], '203.0.113.9')
})

test('a log without details has what it says', () => {
  const events = readLog(readFixture('short.log'))
  assert.deepEqual(dataOf(events[0]), {
    client: '10.0.0.9',
    port: 1111,
    zone: 'external',
    product: 'Windows 10 Professional',
    workstation: 'DESK for 9',
    machine: 'DESK for 9',
    protocol: '6.0',
    outcome: 'answered',
    attribution: 'exact',
  })
  assert.equal(events[1]?.type, 'kms.refused')
  assert.equal(dataOf(events[1])['product'], 'Windows Server 2022 Standard')
  assert.equal(events.length, 2)
})

test('MS-RPC lines have a client without a port, and an "accepted" for each request', () => {
  const events = readLog(readFixture('rpc.log'))
  assert.deepEqual(
    events.map(({ type, data }) => [type, data?.['client'], data?.['port'], data?.['attribution']]),
    [
      ['kms.activation', '10.0.0.9', undefined, 'exact'],
      ['kms.activation', '10.0.0.9', undefined, 'exact'],
    ],
  )
})

test('what is told of a log that was entered in the middle is not called exact', () => {
  const events = readLog(readFixture('begun-in-the-middle.log'))
  assert.deepEqual(typesOf(events), ['kms.activation'])
  assert.equal(dataOf(events[0])['attribution'], 'ambiguous')
})

test('a request that stops half-way is told after a minute of silence', () => {
  const lines = readFixture('s3-modern-exchange.log').split(/(?<=\n)/)
  const reader = openReader()
  const output = reader.push(Buffer.from(lines.slice(0, 9).join('')), exchangeAt)
  assert.deepEqual(output.events, [])
  assert.equal(output.due, exchangeAt + 60_001)
  assert.deepEqual(reader.tick(exchangeAt + 59_000).events, [])
  const [event] = reader.tick(exchangeAt + 60_001).events
  assert.equal(event?.type, 'kms.activation')
  assert.equal(dataOf(event)['outcome'], 'unknown')
})

test('unknown names and unknown products show the id, and only so many of them', () => {
  const unknown = readFixture('s3-modern-exchange.log').replace('620e2b3d', '11111111')
  assert.equal(dataOf(readLog(unknown)[0])['product'], '11111111-09e7-42fd-802a-17a13652fe7a')
  const many = Array.from({ length: 250 }, (_, index) => unknown.replace('11111111', String(10_000_000 + index))).join(
    '',
  )
  assert.equal(new Set(readLog(many).map((event) => dataOf(event)['product'])).size, 201)
  assert.equal(dataOf(readLog(many).at(-1))['product'], 'other')
})

test('the log is read in its own zone, with the right hour of the two in autumn', () => {
  const at = (text: string): string => readFixture('s3-modern-exchange.log').replaceAll('2018-04-17 08:31:43', text)
  const log = at('2026-10-25 02:59:59') + at('2026-10-25 02:00:01')
  const events = readLog(log, { zone: 'Europe/Berlin' })
  assert.deepEqual(
    events.map(({ time }) => time),
    [Date.UTC(2026, 9, 25, 0, 59, 59), Date.UTC(2026, 9, 25, 1, 0, 1)],
  )
})

test('connections beyond the limit make room, are counted, and leave doubt', () => {
  const opens = Array.from(
    { length: 30 },
    (_, index) => `2026-05-10 11:00:00: IPv4 connection accepted: 10.0.0.1:${2000 + index}.\n`,
  )
  const reader = openReader({ connections: 10 })
  reader.push(Buffer.from(opens.join('')), 0)
  assert.equal(reader.counts['connections_open'], 10)
  assert.equal(reader.counts['evicted'], 20)
  const exchangeThen = readFixture('s3-modern-exchange.log').replaceAll('2018-04-17 08:31:43', '2026-05-10 11:00:30')
  const [event] = reader.push(Buffer.from(exchangeThen), 0).events.filter(({ type }) => type === 'kms.activation')
  assert.equal(dataOf(event)['attribution'], 'ambiguous')
})

test('a connection without a sign of life is given up', () => {
  const reader = openReader({ idle: 60_000 })
  const output = reader.push(Buffer.from('2026-05-10 11:00:00: IPv4 connection accepted: 10.0.0.1:2000.\n'), 0)
  assert.equal(output.put.length, 1)
  assert.ok(output.due !== undefined)
  const ended = reader.tick(output.due)
  assert.deepEqual(ended.events, [])
  assert.deepEqual(
    ended.delete,
    output.put.map(([key]) => key),
  )
  assert.equal(reader.counts['expired'], 1)
})

test('lines that are too long are cut and counted, and the next one is read', () => {
  const reader = openReader()
  const long = `2026-05-10 11:00:00: ${'x'.repeat(200_000)}\n`
  const { events } = reader.push(Buffer.from(long + readFixture('s1-probe.log')), 0)
  assert.deepEqual(typesOf(events), ['kms.probe'])
  assert.equal(reader.counts['lines_cut'], 1)
  assert.equal(reader.counts['unparsed'], 1)
})

test('bytes that are no text become the replacement character', () => {
  const [before, after] = readFixture('s3-modern-exchange.log').split('win2k8r2')
  const log = Buffer.concat([Buffer.from(`${before}a`), Buffer.from([0xff, 0xfe]), Buffer.from(after ?? '')])
  assert.equal(dataOf(readLog(log)[0])['workstation'], 'a\ufffd\ufffd')
})

test('names are cut at 256 characters', () => {
  const log = readFixture('s3-modern-exchange.log').replace('win2k8r2', 'n'.repeat(1000))
  assert.equal(textOf(readLog(log)[0], 'workstation').length, 256)
})

test('the incomplete last line is pending until its line feed comes', () => {
  const reader = openReader()
  reader.push(Buffer.from('2026-05-10 11:00:00: IPv4 conn'), 0)
  assert.equal(reader.pending, 30)
  reader.push(Buffer.from('ection accepted: 10.0.0.1:2000.\n'), 0)
  assert.equal(reader.pending, 0)
  assert.equal(reader.counts['connections_open'], 1)
})

test('the product table has no doubtful id', () => {
  assert.ok(productCount() >= 60)
  assert.equal(productOf('9bd77860-9b31-4b7b-96ad-2564017315bf'), 'Windows Server 2022 Standard')
  assert.equal(productOf('8d368fc1-9470-4be2-8d66-90e836cbb051'), 'Office LTSC Professional Plus 2024')
  assert.equal(productOf('00000000-0000-0000-0000-000000000000'), undefined)
})

test('the options of the example are valid', () => {
  const options = kind.options.parse(kind.example)
  assert.equal(options.connections, 10_000)
  assert.equal(options.idle, 600_000)
  assert.equal(kind.options.safeParse({ ...kind.example, zones: { x: ['10.0.0.0/40'] } }).success, false)
})
