// A real Alertmanager, posting and asked: an alert is told once whichever way it comes first, and its end is noticed.
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type Alertmanager, startAlertmanager } from '../../../test/support/alertmanager.ts'
import { type SourceDouble, type SourceDoubleTools, startSource } from '../../../test/support/source-double.ts'
import type { Json } from '../../words.ts'
import ns8 from './index.ts'

interface House extends AsyncDisposable {
  readonly source: SourceDouble
  /** Status, way and plan of each fact so far. */
  told(): string[]
  until(check: () => boolean): Promise<void>
}

async function start(alertmanager: string, tools: SourceDoubleTools = {}): Promise<House> {
  const options = { redis: 'redis://127.0.0.1:1', alertmanager, alertPoll: '1s' }
  const source = await startSource(ns8, options, { name: 'ns8', now: Date.now, ...tools })
  return {
    source,
    told: () =>
      source.facts
        .filter(({ name }) => name === 'backup.alert')
        .map(({ key, data: { status, how } }) => `${text(status)} ${text(how)} ${key}`),
    async until(check) {
      while (!check()) await wait(10)
    },
    async [Symbol.asyncDispose]() {
      source.stop()
      await source.ended
    },
  }
}

/** Resolves when so many more lists have been asked for and taken in. */
async function polls(server: { readonly asked: number }, more: number): Promise<void> {
  const from = server.asked
  while (server.asked < from + more) await wait(10)
}

const startsAt = '2026-11-20T02:01:05.789456123Z'
const labels = {
  alertname: 'BackupFailed',
  id: '1',
  name: 'BB daily',
  node: '1',
  service: 'backup',
  severity: 'critical',
}
const failed = { labels, annotations: { summary_en: 'Backup job BB daily (ID: 1) has failed.' }, startsAt }

/** Hands posts of Alertmanager to the source, as the hub's server would. */
async function startHook(take: (body: Buffer) => Promise<{ readonly status: number }>): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => void take(Buffer.concat(chunks)).then(({ status }) => response.writeHead(status).end()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

async function fireEnded(alertmanager: Alertmanager): Promise<void> {
  await alertmanager.fire({ ...failed, endsAt: new Date(Date.now() - 1000).toISOString() })
}

describe('an alert that fires in Alertmanager', () => {
  test('is found without being posted, told once, and its end is told', async () => {
    await using alertmanager = await startAlertmanager()
    await alertmanager.fire(failed, { labels: { alertname: 'NodeOffline', node: '2' } })
    await using house = await start(alertmanager.url)
    await house.until(() => house.told().length > 0)
    assert.deepEqual(house.source.facts.find(({ name }) => name === 'backup.alert')?.data, {
      alertname: 'BackupFailed',
      status: 'firing',
      node: '1',
      planName: 'BB daily',
      startsAt: '2026-11-20T02:01:05.789Z',
      fingerprint: (await alertmanager.active())[0],
      summary: 'Backup job BB daily (ID: 1) has failed.',
      language: { summary_en: 'Backup job BB daily (ID: 1) has failed.' },
      how: 'poll',
    })
    await fireEnded(alertmanager)
    await house.until(() => house.told().length > 1)
    assert.deepEqual(house.told(), ['firing poll 1', 'resolved poll 1'])
    assert.equal(house.source.measures.get('alertmanager_up'), 1)
  })

  test('and posts as well is told once, whatever comes first; so is its end', async () => {
    let house: House | undefined
    let ends = 0
    const hook = await startHook(async (body) => {
      const answer = (await house?.source.ask({ path: '/alert', body })) ?? { status: 503 }
      if (body.includes('"status":"resolved"')) ends += 1
      return answer
    })
    const { port } = hook.address() as AddressInfo
    await using alertmanager = await startAlertmanager({
      webhooks: [{ url: `http://127.0.0.1:${port}/alert` }, { url: `http://127.0.0.1:${port}/alert` }],
      repeatInterval: '200ms',
    })
    await using running = await start(alertmanager.url)
    house = running
    await alertmanager.fire(failed)
    const repeated = (): number => running.source.measures.get('alerts_repeated_total') ?? 0
    // By two routes, again and again, and in the list.
    await running.until(() => repeated() > 6)
    assert.equal(running.told().length, 1)
    await fireEnded(alertmanager)
    await running.until(() => ends >= 2)
    assert.deepEqual(
      running.told().map((text) => text.replace(/ \w+ /, ' ')),
      ['firing 1', 'resolved 1'],
    )
    hook.closeAllConnections()
    hook.close()
  })

  test('and is silenced there has not ended', async () => {
    await using alertmanager = await startAlertmanager()
    await using counter = await startCounter(alertmanager.url)
    await alertmanager.fire(failed)
    await using house = await start(counter.url)
    await house.until(() => house.told().length > 0)
    await alertmanager.amtool('silence', 'add', '--duration=1h', '--author=a', '--comment=c', 'alertname=BackupFailed')
    while ((await alertmanager.active()).length > 0) await wait(10)
    await polls(counter, 2)
    // One that was silenced before we first saw it is nobody's news.
    await alertmanager.fire({ labels: { ...labels, id: '2' } })
    await polls(counter, 2)
    assert.deepEqual(house.told(), ['firing poll 1'])
  })

  test('and is forgotten by a restart is told anew when it comes again, with the beginning it had', async () => {
    await using alertmanager = await startAlertmanager()
    await alertmanager.fire(failed)
    await using house = await start(alertmanager.url)
    await house.until(() => house.told().length > 0)
    await alertmanager.stop()
    await house.until(() => house.source.measures.get('alertmanager_up') === 0)
    assert.equal(house.told().length, 1, 'a list that could not be had ends nothing')
    await alertmanager.start()
    await house.until(() => house.told().length > 1)
    await alertmanager.fire(failed)
    await house.until(() => house.told().length > 2)
    assert.deepEqual(house.told(), ['firing poll 1', 'resolved poll 1', 'firing poll 1'])
    assert.deepEqual(
      house.source.logged.filter((line) => line.includes('Alertmanager')).map((line) => line.slice(0, 49)),
      ['warn: Alertmanager could not be asked for its ale', 'info: Alertmanager can be asked for its alerts ag'],
    )
  })

  test('and was known before our restart ends when it is gone; one that was only posted does not', async () => {
    await using alertmanager = await startAlertmanager()
    await using counter = await startCounter(alertmanager.url)
    await alertmanager.fire(failed)
    const rows = await (async () => {
      await using first = await start(counter.url)
      await first.until(() => first.told().length > 0)
      const posted = { alerts: [{ labels: { alertname: 'BackupFailed', id: '5' }, startsAt }] }
      await first.source.ask({ path: '/alert', body: JSON.stringify(posted) })
      return first.source.rows
    })()
    await fireEnded(alertmanager)
    await using second = await start(counter.url, { rows })
    await second.until(() => second.told().length > 0)
    await polls(counter, 2)
    assert.deepEqual(second.told(), ['resolved poll 1'])
  })
})

describe('what is asked', () => {
  test('is asked at once when a post says that alerts were left out of it', async () => {
    await using counter = await startCounter('')
    const options = { redis: 'redis://127.0.0.1:1', alertmanager: counter.url, alertPoll: '1h' }
    const source = await startSource(ns8, options)
    while (counter.asked < 1) await wait(10)
    await source.ask({ path: '/alert', body: '{"alerts":[],"truncatedAlerts":0}' })
    const asked = polls(counter, 1)
    await source.ask({ path: '/alert', body: '{"alerts":[],"truncatedAlerts":3}' })
    await asked
    assert.equal(counter.asked, 2)
    assert.match(counter.path, /^\/am\/api\/v2\/alerts\?filter=alertname%3D%7E%22BackupFailed%7C/)
    source.stop()
    await source.ended
  })

  const wrong: readonly [what: string, status: number, body: string, sentence: RegExp][] = [
    ['an error', 500, 'x', /answered 500 when asked for its alerts/],
    ['a page', 200, '<html>', /could not be understood: its answer is no JSON/],
    ['an object', 200, '{"alerts":[]}', /is no list of alerts/],
  ]
  for (const [what, status, body, sentence] of wrong) {
    test(`and answered by ${what} changes nothing, and is said once`, async () => {
      await using counter = await startCounter('', () => ({ status, body }))
      await using house = await start(counter.url)
      await polls(counter, 2)
      const said = house.source.logged.filter((line) => line.includes('Alertmanager'))
      assert.equal(said.length, 1)
      assert.match(said[0] ?? '', sentence)
      assert.deepEqual(house.told(), [])
    })
  }
})

interface Counter extends AsyncDisposable {
  readonly url: string
  readonly asked: number
  readonly path: string
}

/** Passes questions on and counts them, or answers them itself. */
async function startCounter(
  to: string,
  answer: () => { readonly status: number; readonly body: string } = () => ({ status: 200, body: '[]' }),
): Promise<Counter> {
  const seen = { asked: 0, path: '' }
  const server = createServer((request, response) => {
    seen.path = request.url ?? ''
    const passed = to === '' ? Promise.resolve(answer()) : pass(to + seen.path.replace(/^\/am/, ''))
    void passed.then(({ status, body }) => {
      response.writeHead(status).end(body)
      // Counted when the one before has been taken in: there is never more than one under way.
      seen.asked += 1
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.defineProperties({} as Counter, {
    url: { value: `http://127.0.0.1:${port}/am/` },
    asked: { get: () => seen.asked },
    path: { get: () => seen.path },
    [Symbol.asyncDispose]: {
      value: async () => {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      },
    },
  })
}

async function pass(url: string): Promise<{ readonly status: number; readonly body: string }> {
  const answer = await fetch(url)
  return { status: answer.status, body: await answer.text() }
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
