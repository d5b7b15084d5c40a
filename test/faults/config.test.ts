// Mistakes in a config and in how the hub is started: said whole, in sentences; what ran before goes on.
import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createHubHouse, type HubHouse } from '../support/hub-house.ts'
import { type SlackDouble, startSlackDouble } from '../support/slack-double.ts'
import { saidIn } from '../support/slack-texts.ts'

const broken = `
hub: { lisen: 127.0.0.1:1 }
channels:
  team: { kind: slak }
rules:
  - { name: all, on: message, to: nobody }
`

interface Channels {
  readonly team?: SlackDouble
  readonly spare?: SlackDouble
  readonly token?: string
}

function text({ team, spare, token }: Channels): string {
  const channel = (name: string, slack: SlackDouble | undefined): string[] =>
    slack === undefined ? [] : [`  ${name}: { kind: slack, url: ${JSON.stringify(slack.url)}, minInterval: 0s }`]
  const tokens = token === undefined ? [] : [`  tokens: [{ name: script, token: ${token} }]`]
  const to = team === undefined ? 'spare' : 'team'
  return [
    'hub:',
    '  open: { metrics: [127.0.0.0/8] }',
    ...(spare === undefined ? [] : ['  fallback: spare']),
    ...tokens,
    'channels:',
    ...channel('team', team),
    ...channel('spare', spare),
    'rules:',
    `  - { name: all, on: message, to: ${to} }`,
  ].join('\n')
}

describe('a reload', () => {
  test('with mistakes names all of them and changes nothing', async () => {
    await using slack = await startSlackDouble()
    await using house = await createHubHouse()
    await house.configure(text({ team: slack }))
    const hub = await house.start()
    await house.configure(broken)
    hub.kill('SIGHUP')
    await house.until('it is refused', () => hub.output().includes('was not put into force'))
    for (const place of ['sereno.yaml:2:8: ', 'sereno.yaml:4:17: ', 'sereno.yaml:6:35: ']) {
      assert.ok(hub.output().includes(place), `${place} in ${hub.output()}`)
    }
    await house.post('goes on')
    await slack.waitFor(1)
    assert.match(saidIn(slack.posts[0]?.payload), /goes on/)
    await house.stop()
  })

  test('that removes a channel sends what waits for it to the fallback', async () => {
    await using team = await startSlackDouble()
    await using spare = await startSlackDouble()
    await using house = await createHubHouse()
    await house.configure(text({ team, spare }))
    await team.down()
    const hub = await house.start()
    for (const message of ['first', 'second', 'third']) await house.post(message)
    await house.until('it is tried', async () => (await house.metric('sereno_attempts_total')) > 0)
    await house.configure(text({ spare }))
    hub.kill('SIGHUP')
    await house.until('it is in force', () => hub.output().includes('waiting messages went to the fallback'))
    await movedTo(spare, house)
  })

  test('by a start with another file does the same', async () => {
    await using team = await startSlackDouble()
    await using spare = await startSlackDouble()
    await using house = await createHubHouse()
    await house.configure(text({ team, spare }))
    await team.down()
    await house.start()
    for (const message of ['first', 'second', 'third']) await house.post(message)
    await house.kill()
    await house.configure(text({ spare }))
    await house.start()
    await movedTo(spare, house)
  })

  test('says which options wait for a restart, until they have it or are as before', async () => {
    await using house = await createHubHouse()
    await house.configure('hub: { maxBody: 1MiB }')
    const hub = await house.start()
    const reload = async (config: string): Promise<string> => {
      await house.configure(config)
      const answer = await house.ask('/api/v1/reload', { method: 'POST' })
      assert.equal(answer.status, 200, answer.text)
      const { message } = JSON.parse(answer.text) as { message: string }
      assert.ok(hub.output().includes(JSON.stringify(message)), 'the log says the same')
      return message
    }
    const changed = 'hub: { maxBody: 2MiB, store: other.db, timezone: Europe/Rome, data: elsewhere, listen: 127.0.0.1:1'
    // Where it listens and keeps its data is said on the command line of this hub, whatever stands in the file.
    const waits = 'hub.store and hub.maxBody wait for a restart of the hub'
    assert.ok((await reload(`${changed} }`)).endsWith(`; ${waits}`))
    assert.equal(await reload(`${changed} }`), `nothing changed; ${waits}`)
    assert.ok(
      (await reload(`${changed}, url: 'https://hub.example.org' }`)).endsWith(
        '; hub.url, hub.store and hub.maxBody wait for a restart of the hub',
      ),
    )
    assert.match(
      await reload('hub: { maxBody: 1MiB, store: other.db }'),
      /; hub\.store waits for a restart of the hub$/,
    )
    assert.doesNotMatch(await reload('hub: { maxBody: 1MiB }'), /restart/)
    await house.stop()
  })

  test('lets in those with a new token, and those with an old one no more', async () => {
    await using slack = await startSlackDouble()
    await using house = await createHubHouse()
    const [old, young] = ['an-old-secret-token', 'a-young-secret-token']
    await house.configure(text({ team: slack, token: old }))
    const hub = await house.start()
    const with_ = async (token: string): Promise<number> =>
      (await house.ask('/api/v1/status', { headers: { authorization: `Bearer ${token}` } })).status
    assert.deepEqual([await with_(old), await with_(young)], [200, 401])
    const cookie = (await fetch(`${house.url}/?token=${old}`, { redirect: 'manual' })).headers.get('set-cookie') ?? ''
    const page = async (): Promise<number> =>
      (await fetch(house.url, { headers: { cookie: cookie.split(';')[0] ?? '' } })).status
    assert.equal(await page(), 200)
    await house.configure(text({ team: slack, token: young }))
    hub.kill('SIGHUP')
    await house.until('it is in force', () => hub.output().includes('changed hub.tokens'))
    assert.deepEqual([await with_(old), await with_(young), await page()], [401, 200, 401])
    assert.equal((await house.ask('/api/v1/status')).status, 200, 'the first token stays')
  })
})

describe('a start', () => {
  test('with mistakes in the config names them by line, and ends', async () => {
    await using house = await createHubHouse()
    await house.configure(broken)
    const said = await refusal(house)
    for (const place of ['sereno.yaml:2:8: ', 'sereno.yaml:4:17: ', 'sereno.yaml:6:35: ']) {
      assert.ok(said.includes(place), `${place} in ${said}`)
    }
  })

  test('in a folder where nothing can be written', async () => {
    await using house = await createHubHouse()
    const file = join(house.folder, 'file')
    await writeFile(file, '')
    await house.configure('hub: {}')
    assert.match(
      await refusal(house, '--data', join(file, 'data')),
      /^sereno: the data folder .*file\/data cannot be used .*--data\n$/,
    )
  })

  test('in a folder of somebody else', async () => {
    await using house = await createHubHouse()
    const other = join(house.folder, 'other')
    await mkdir(other)
    await mkdir(join(other, 'token'))
    await chmod(other, 0o500)
    await house.configure('hub: {}')
    assert.match(await refusal(house, '--data', other), /^sereno: the data folder .*other cannot be used .*--data\n$/)
  })

  test('on a port that is taken', async () => {
    await using house = await createHubHouse()
    await house.configure('hub: {}')
    const server = createServer().listen(Number(new URL(house.url).port), '127.0.0.1')
    try {
      assert.match(
        await refusal(house),
        /^sereno: The hub cannot listen on 127.0.0.1:\d+: another program has that port, .*\n$/,
      )
    } finally {
      server.close()
    }
  })

  test('on the folder of a hub that runs', async () => {
    await using house = await createHubHouse()
    await house.configure('hub: {}')
    await house.start()
    assert.match(await refusal(house, '--listen', '127.0.0.1:0'), /^sereno: another Sereno is using .*--data\.?\n$/)
    assert.equal((await house.post('goes on')).status, 200)
    await house.stop()
  })
})

/** What a hub that cannot start says; it exits with 1, and shows nobody a stack. */
async function refusal(house: HubHouse, ...more: readonly string[]): Promise<string> {
  const hub = house.launch(...more)
  assert.equal(await hub.ended, 1, hub.output())
  assert.doesNotMatch(hub.output(), /^\s+at /m)
  return hub.output()
}

async function movedTo(spare: SlackDouble, house: HubHouse): Promise<void> {
  const moved = () =>
    spare.posts.map(({ payload }) => saidIn(payload)).filter((said) => said.includes('could not be told'))
  await house.until('the fallback has heard', () => moved().length >= 3)
  await house.until('all is stored', async () => (await house.metric('sereno_outbox_waiting')) === 0)
  await house.stop()
  for (const [index, message] of ['first', 'second', 'third'].entries())
    assert.match(moved()[index] ?? '', new RegExp(message))
  assert.equal(moved().length, 3)
  const audit = await house.audit()
  assert.deepEqual(audit.faults, [])
  const ends = audit.deliveries
    .filter(({ channel }) => channel === 'team')
    .map(({ state, lastReason }) => [state, lastReason])
  assert.deepEqual(ends, [
    ['dead', 'gone'],
    ['dead', 'gone'],
    ['dead', 'gone'],
  ])
}
