// A real Alertmanager and a real hub: what one posts or lists, the other keeps once, through refusals, silences and restarts.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Alertmanager, type PostedAlert, startAlertmanager } from './support/alertmanager.ts'
import { createHubHouse, type HubHouse } from './support/hub-house.ts'

interface Kept {
  readonly type: string
  readonly title?: string
  readonly subject?: string
  readonly data: { readonly [name: string]: unknown }
  readonly condition?: { readonly key: string; readonly state: string }
}

const began = new Date(Date.now() - 60_000).toISOString()
const later = (): string => new Date(Date.now() + 3_600_000).toISOString()

function alert(name: string, more: Partial<PostedAlert> = {}): PostedAlert {
  const labels = { alertname: name, instance: '[fd00::7]:9100', severity: 'critical' }
  return { labels, annotations: { summary: `${name} is wrong` }, startsAt: began, endsAt: later(), ...more }
}

const over = (name: string): PostedAlert => alert(name, { endsAt: new Date().toISOString() })

const configOf = (options = ''): string => `
sources:
  prom: { kind: alertmanager${options} }
channels:
  out: { kind: console }
rules:
  - { name: all, on: [alert, sereno.source-failing], to: [out] }
`

/** What the hub has kept of a type, oldest first. */
async function kept(house: HubHouse, type: string): Promise<Kept[]> {
  const { events } = JSON.parse((await house.ask(`/api/v1/events?type=${type}&limit=200`)).text) as { events: Kept[] }
  return events.toReversed()
}

/** In short: `Disk firing`. */
async function states(house: HubHouse): Promise<string[]> {
  return (await kept(house, 'alert')).map(({ subject, condition }) => `${subject} ${condition?.state}`)
}

async function untilStates(house: HubHouse, ...expected: readonly string[]): Promise<void> {
  const isThere = async (): Promise<boolean> => (await states(house)).toSorted().join() === expected.toSorted().join()
  await house.until(`the hub has kept ${expected.join(', ')}`, isThere)
}

async function startBoth(
  options: string | ((alertmanager: Alertmanager) => string),
  given: Parameters<typeof startAlertmanager>[0] & { readonly posts?: number; readonly maxAlerts?: number } = {},
) {
  const house = await createHubHouse()
  await house.configure(configOf())
  let { pid } = await house.start()
  const token = (await readFile(join(house.data, 'token'), 'utf8')).trim()
  const { posts = 0, maxAlerts = 0, ...more } = given
  const webhook = { url: `${house.url}/api/v1/webhook/prom`, token, maxAlerts }
  const peer = await startAlertmanager({ webhooks: Array.from({ length: posts }, () => webhook), ...more })
  if (options !== '') {
    await house.stop()
    await house.configure(configOf(typeof options === 'string' ? options : options(peer)))
    pid = (await house.start()).pid
  }
  return {
    house,
    peer,
    pid,
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]()
      await house[Symbol.asyncDispose]()
    },
  }
}

/** When the hub last looked at the list; 0: never. */
const lookedAt = (house: HubHouse): Promise<number> =>
  house.metric('sereno_alerts_list_last_timestamp_seconds', 'source="prom"')

/** The hub has looked at the list once more, from beginning to end. */
async function looksAgain(house: HubHouse): Promise<void> {
  for (let count = 0; count < 2; count += 1) {
    const before = await lookedAt(house)
    await house.until('it has looked at the list', async () => (await lookedAt(house)) > before)
  }
}

async function postsAgain(house: HubHouse, peer: Alertmanager, count: number): Promise<void> {
  const { tried } = await peer.posts()
  await house.until('Alertmanager has posted again', async () => (await peer.posts()).tried >= tried + count)
}

describe('what Alertmanager posts', { concurrency: 2 }, () => {
  test('is kept once, with its changes, its end and its next time', async () => {
    await using both = await startBoth('', { posts: 1, repeatInterval: '400ms' })
    const { house, peer } = both
    await peer.fire(alert('Disk', { annotations: { summary: 'Disk at 91 %', description: 'Look' } }))
    await untilStates(house, 'Disk firing')
    await postsAgain(house, peer, 3)
    const [event] = await kept(house, 'alert')
    const listed = JSON.parse(await peer.amtool('alert', 'query', '-o', 'json')) as { fingerprint: string }[]
    assert.equal(event?.condition?.key, listed[0]?.fingerprint)
    assert.equal(event?.data['startsAt'], began)
    assert.deepEqual(await states(house), ['Disk firing'])

    const worse = { annotations: { summary: 'Disk at 99 %' } }
    await peer.fire(alert('Disk', worse))
    await house.until('the change is there', async () => (await kept(house, 'alert')).at(-1)?.title === 'Disk at 99 %')
    await postsAgain(house, peer, 2)
    const changed = await kept(house, 'alert')
    assert.deepEqual([changed.length, changed[1]?.condition?.key], [2, event?.condition?.key])

    await peer.fire(over('Disk'))
    await house.until('its end is there', async () => (await states(house)).at(-1) === 'Disk resolved')
    await peer.fire(alert('Disk', worse))
    await house.until('it fires again', async () => (await states(house)).at(-1) === 'Disk firing')
    await postsAgain(house, peer, 2)
    assert.equal((await states(house)).length, 4)
    assert.deepEqual([(await peer.posts()).failed, await kept(house, 'sereno.rejected')], [0, []])
    await house.stop()
  })

  test('comes again when it could not be stored, and is kept once then', async () => {
    await using both = await startBoth('', { posts: 1 })
    const { house, peer, pid } = both
    await peer.fire(alert('Disk'))
    await untilStates(house, 'Disk firing')
    limitFileSize(pid, '0')
    await peer.fire(alert('Load'))
    await house.until('it was refused', async () => (await peer.posts()).failed >= 1)
    assert.deepEqual(await states(house), ['Disk firing'])
    limitFileSize(pid, 'unlimited')
    await untilStates(house, 'Disk firing', 'Load firing')
    await house.stop()
  })

  test('by two routes, or two hundred times at once, is one event', async () => {
    await using both = await startBoth('', { posts: 2, repeatInterval: '400ms' })
    const { house, peer } = both
    await peer.fire(alert('Disk'))
    await untilStates(house, 'Disk firing')
    await postsAgain(house, peer, 4)
    assert.deepEqual(await states(house), ['Disk firing'])
    assert.deepEqual(await kept(house, 'sereno.id-reused'), [])
    await peer.stop()

    const body = JSON.stringify({ alerts: [{ ...alert('Load'), status: 'firing' }] })
    const post = () => house.ask('/api/v1/webhook/prom', { method: 'POST', body })
    const answers = await Promise.all(Array.from({ length: 200 }, post))
    const told = answers.map(({ text }) => JSON.parse(text) as { accepted: number; duplicates: number })
    assert.equal(
      told.reduce((sum, { accepted }) => sum + accepted, 0),
      1,
    )
    assert.equal(
      told.reduce((sum, { duplicates }) => sum + duplicates, 0),
      199,
    )
    assert.deepEqual(await states(house), ['Disk firing', 'Load firing'])
    await house.stop()
  })

  test('in part only is completed from its list, and each is one event', async () => {
    const hour = (peer: Alertmanager): string => `, url: '${peer.url}', poll: 1h, settle: 0s`
    await using both = await startBoth(hour, { posts: 1, maxAlerts: 1, groupBy: ['severity'], groupWait: '3s' })
    const { house, peer } = both
    await house.until('it has looked at the list, which is empty', async () => (await lookedAt(house)) > 0)
    // A group does not wait for those that began longer ago than its wait: it would be posted while they come in.
    const startsAt = new Date().toISOString()
    await peer.fire(alert('Disk', { startsAt }), alert('Load', { startsAt }), alert('Net', { startsAt }))
    await untilStates(house, 'Disk firing', 'Load firing', 'Net firing')
    // Of one post, with one alert and the other two left out.
    await house.until('its answer has arrived', async () => (await peer.posts()).tried > 0)
    assert.deepEqual([(await peer.posts()).tried, await house.metric('sereno_alerts_truncated_total')], [1, 2])
    assert.deepEqual(await kept(house, 'sereno.truncated'), [])
    assert.deepEqual(await kept(house, 'sereno.id-reused'), [])
    await house.stop()
  })
})

describe('what Alertmanager lists', { concurrency: 2 }, () => {
  const each = (peer: Alertmanager): string => `, url: '${peer.url}', poll: 1s, settle: 0s`

  test('is kept once; what is silenced there is not over, what is gone is, also while the hub was away', async () => {
    await using both = await startBoth(each)
    const { house, peer } = both
    await peer.fire(alert('Disk'), alert('Load'))
    await untilStates(house, 'Disk firing', 'Load firing')
    await peer.amtool('silence', 'add', 'alertname=~Disk|Net', '--duration=1h', '--author=test', '--comment=test')
    await house.until('it is silent', async () => (await peer.active()).length === 1)
    await peer.fire(alert('Net'))
    await looksAgain(house)
    assert.deepEqual((await states(house)).toSorted(), ['Disk firing', 'Load firing'])

    await peer.fire(over('Disk'))
    await untilStates(house, 'Disk firing', 'Load firing', 'Disk resolved')
    const [end] = (await kept(house, 'alert')).slice(-1)
    assert.deepEqual([end?.title, end?.data['ended']], ['Resolved: Disk is wrong', 'gone'])

    await house.kill()
    await peer.fire(over('Load'))
    await house.until('it is over', async () => (await peer.active()).length === 0)
    await house.start()
    await untilStates(house, 'Disk firing', 'Load firing', 'Disk resolved', 'Load resolved')
    await looksAgain(house)
    assert.equal((await states(house)).length, 4)
    await house.stop()
  })

  test('and posts as well is one event, and so is its end', async () => {
    await using both = await startBoth(each, { posts: 1, groupInterval: '4s' })
    const { house, peer } = both
    await peer.fire(alert('Disk'))
    await untilStates(house, 'Disk firing')
    await house.until('it was posted', async () => (await peer.posts()).tried === 1)
    await looksAgain(house)
    await peer.fire(over('Disk'))
    await house.until('its end is there', async () => (await states(house)).includes('Disk resolved'))
    await house.until('its end was posted', async () => (await peer.posts()).tried === 2)
    await looksAgain(house)
    assert.deepEqual(await states(house), ['Disk firing', 'Disk resolved'])
    assert.deepEqual(await kept(house, 'sereno.id-reused'), [])
    await house.stop()
  })

  test('and forgets by a restart, is not over; that it cannot be asked is told once, and its end', async () => {
    await using both = await startBoth((peer) => `, url: '${peer.url}', poll: 1s, settle: 1h`)
    const { house, peer } = both
    await peer.fire(alert('Disk'))
    await untilStates(house, 'Disk firing')
    await peer.stop()
    const failing = async (): Promise<(string | undefined)[]> =>
      (await kept(house, 'sereno.source-failing')).map(({ condition }) => condition?.state)
    await house.until('it is told', async () => (await failing()).length === 1)
    assert.equal((await kept(house, 'sereno.source-failing'))[0]?.data['reason'], 'unreachable')
    await peer.start()
    await house.until('its end is told', async () => (await failing()).length === 2)
    assert.deepEqual(await failing(), ['firing', 'resolved'])
    assert.deepEqual(JSON.parse(await peer.amtool('alert', 'query', '-o', 'json')), [])
    await looksAgain(house)
    assert.deepEqual(await states(house), ['Disk firing'])
    await peer.fire(alert('Disk'))
    await looksAgain(house)
    assert.deepEqual(await states(house), ['Disk firing'])
    await house.stop()
  })
})

/** With 0, the store of the hub refuses all that it is given. */
function limitFileSize(pid: number, limit: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${limit}:`])
}
