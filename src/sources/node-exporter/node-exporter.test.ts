// A real node_exporter, as it is scraped, goes away and comes back; and servers that are none.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type NodeExporter, startNodeExporter } from '../../../test/support/node-exporter.ts'
import { type SourceDouble, startSource } from '../../../test/support/source-double.ts'
import { type HostSample, readSample, sampleFact } from '../../source-sample.ts'
import host from '../host/index.ts'
import nodeExporter from './index.ts'

describe('a real node_exporter', () => {
  test('says of this machine what we see of it ourselves', async () => {
    await using exporter = await startNodeExporter()
    const source = await startSource(nodeExporter, { url: exporter.url, every: '1s' }, { now: Date.now })
    const own = await startSource(host, { every: '1s' }, { now: Date.now })
    await until(() => source.facts.length > 4 && own.facts.length > 4)
    source.stop()
    own.stop()
    const { name, key, host: of } = source.facts.at(-1) ?? assert.fail()
    assert.deepEqual([name, key, of], [sampleFact, '127.0.0.1', '127.0.0.1'])
    const [theirs, ours] = [lastSample(source), lastSample(own)]
    assert.equal(theirs.everySeconds, 1)
    const known = new Set(Object.keys(ours.metrics))
    // Asked of systemd by us alone, unless it is told to ask as well.
    known.delete('failed_units')
    assert.deepEqual(new Set(Object.keys(theirs.metrics)), known)
    for (const name of ['cpu_count', 'memory_total', 'disk_usage_total', 'swap_total'])
      assert.equal(theirs.metrics[name], ours.metrics[name], name)
    // Others work on this machine meanwhile; where it stands still, all must be the same: in same-files.test.ts.
    for (const [name, within] of Object.entries({
      memory_percent: 5,
      disk_usage_percent: 1,
      load_1: 2,
      uptime_seconds: 5,
      'filesystem_inodes_percent{mount="/"}': 1,
    })) {
      const [theirFigure, ourFigure] = [theirs.metrics[name], ours.metrics[name]]
      if (theirFigure === undefined && ourFigure === undefined) continue
      assert.ok(
        Math.abs((theirFigure ?? NaN) - (ourFigure ?? NaN)) <= within,
        `${name}: ${theirFigure} and ${ourFigure}`,
      )
    }
    // Not of quite the same moments, in which others may come or go: each is a share, and both see that something works.
    for (const share of [meanShare(source), meanShare(own)]) assert.ok(share > 0 && share <= 100, String(share))
    for (const [name, figure] of Object.entries(theirs.metrics))
      if (name.startsWith('pressure_') || name.includes('percent')) assert.ok(figure >= 0 && figure <= 100, name)
  })

  test('that goes away is told of once, and that it is back', async () => {
    await using exporter = await startNodeExporter()
    const source = await startSource(nodeExporter, targetOf(exporter, 'db1'), { now: Date.now })
    await until(() => source.facts.length > 0)
    assert.equal(source.facts[0]?.host, 'db1')
    await exporter.stop()
    await until(() => source.measures.get('node_exporters_down') === 1)
    const count = source.facts.length
    await wait(1500)
    assert.equal(source.facts.length, count)
    await exporter.start()
    await until(() => source.facts.length > count && source.measures.get('node_exporters_down') === 0)
    source.stop()
    await source.ended
    assert.equal(source.logged.length, 2)
    assert.match(
      source.logged[0] ?? '',
      /^warn: source double: no samples of db1 until further notice: No connection to /,
    )
    assert.equal(source.logged[1], 'info: source double: samples of db1 again')
  })

  test('is asked at once when somebody wants to know', async () => {
    await using exporter = await startNodeExporter()
    const source = await startSource(nodeExporter, { ...targetOf(exporter, 'db1'), every: '1h' })
    await until(() => source.facts.length === 1)
    await source.recheck({ name: sampleFact, key: 'db1', body: {} })
    assert.equal(source.facts.length, 2)
    await assert.rejects(source.recheck({ name: sampleFact, key: 'db2', body: {} }), /looks at no host db2/)
    await exporter.stop()
    await assert.rejects(source.recheck({ name: sampleFact, key: 'db1', body: {} }), /No connection to/)
    source.stop()
  })
})

describe('what is no node_exporter', () => {
  const cases: readonly (readonly [what: string, answer: RequestListener, said: RegExp])[] = [
    ['another program', (_, response) => response.end('go_goroutines 5\n'), /no page of a node_exporter/],
    ['a refusal', (_, response) => response.writeHead(401).end('no'), /401/],
    ['a page without end', (_, response) => endless(response), /is longer than 8 MiB/],
    ['silence', () => {}, /did not answer within 1 s/],
  ]
  for (const [what, answer, said] of cases)
    test(what, async () => {
      await using server = await listen(answer)
      const source = await startSource(
        nodeExporter,
        { url: `${server.url}/?token=s3cret`, every: '1s' },
        { now: Date.now },
      )
      await until(() => source.logged.length > 0)
      source.stop()
      await source.ended
      assert.equal(source.facts.length, 0)
      assert.match(source.logged[0] ?? '', said)
      assert.ok(!source.logged.join().includes('s3cret'))
    })

  test('is shown the token, and the log is not', async () => {
    const seen: (string | undefined)[] = []
    await using server = await listen(({ headers: { authorization } }, response) => {
      seen.push(authorization)
      response.writeHead(403).end(`not with ${authorization}, that is ${authorization?.split(' ')[1]}`)
    })
    for (const access of [{ token: 't0ken' }, { username: 'me', password: 'pa55' }]) {
      const source = await startSource(nodeExporter, { url: server.url, ...access })
      await until(() => source.logged.length > 0)
      source.stop()
      assert.ok(!/t0ken|pa55|bWU6/.test(source.logged.join()))
    }
    assert.deepEqual(seen, ['Bearer t0ken', 'Basic bWU6cGE1NQ=='])
  })

  test('does not hold up the others, nor the end', async () => {
    await using server = await listen(() => {})
    await using exporter = await startNodeExporter()
    const source = await startSource(nodeExporter, {
      url: [server.url, { url: exporter.url, host: 'db1' }],
      every: '1h',
    })
    await until(() => source.facts.length > 0)
    source.stop()
    await Promise.race([source.ended, wait(5000).then(() => assert.fail('it still runs'))])
  })
})

describe('options', () => {
  const read = (given: object) => nodeExporter.options.safeParse(given)

  test('name the page and the host of each', () => {
    const { url, every } = nodeExporter.options.parse({
      url: ['http://nas:9100', 'https://[fd00::1]/node/metrics', { url: 'http://10.0.0.5:9100/', host: 'db1' }],
    })
    assert.equal(every, 60_000)
    assert.deepEqual(url, [
      { url: 'http://nas:9100/metrics', host: 'nas' },
      { url: 'https://[fd00::1]/node/metrics', host: 'fd00::1' },
      { url: 'http://10.0.0.5:9100/metrics', host: 'db1' },
    ])
  })

  for (const [given, said] of [
    [{ url: 'nas:9100' }, /no http or https address/],
    [{ url: 'http://me:pw@nas:9100' }, /has a name or password in it/],
    [{ url: [] }, /at least one/],
    [{ url: ['http://nas:9100', 'http://nas:9101'] }, /two of them are the host nas/],
    [{ url: 'http://nas', token: 'a', username: 'b', password: 'c' }, /either token/],
    [{ url: 'http://nas', username: 'b' }, /belong together/],
    [{ url: 'http://nas', every: '10ms' }, /too short/],
    [{}, /./],
  ] as const)
    test(`refuse ${JSON.stringify(given)}`, () => {
      const { success, error } = read(given)
      assert.equal(success, false)
      assert.match(error?.message ?? '', said)
    })
})

function targetOf(exporter: NodeExporter, name: string) {
  return { url: [{ url: exporter.url, host: name }], every: '1s' }
}

/** Of the processor, over the samples after the first two, which need not be of whole seconds. */
function meanShare({ facts }: SourceDouble): number {
  const shares = facts.slice(2).map((fact) => readSample(fact)?.metrics['cpu_percent'] ?? assert.fail())
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}

function lastSample(source: SourceDouble): HostSample {
  return readSample(source.facts.at(-1) ?? assert.fail()) ?? assert.fail()
}

async function listen(answer: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function endless(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write('node_load1 5\n'.repeat(10_000)));
  }
  response.on('drain', more)
  more()
}

async function until(isSo: () => boolean): Promise<void> {
  for (const giveUpAt = performance.now() + 15_000; !isSo(); await wait(10))
    if (performance.now() > giveUpAt) assert.fail('it did not come about')
}
