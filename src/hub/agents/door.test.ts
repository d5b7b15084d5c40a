// The agents' door over an engine that only takes notes: what is counted, corrected, refused, and asked for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command, Input } from '../../engine/input.ts'
import type { AccessToken } from '../../http/auth.ts'
import { type AgentAnswer, agentPath } from '../../source-agent.ts'
import { NotStored } from '../../source.ts'
import { type SourceRow, StoreFailed } from '../../store/store.ts'
import type { Json, NewEvent, NewFact } from '../../words.ts'
import { createAgentDoor } from './door.ts'

const at = Date.UTC(2026, 10, 20, 3)
const dayMs = 86_400_000

function startDoor(tokens: readonly AccessToken[] = [{ name: 'nas' }, { name: 'web' }]) {
  const rows = new Map<string, Map<string, Json>>()
  const place = {
    now: at,
    refusing: false,
    inputs: [] as Input[],
    commands: [] as Command[],
    behind: [] as string[],
    logged: [] as string[],
    submits: 0,
    restart,
    post,
    send: (body: object, by = 'nas') => post({ buffer: 'b', first: 1, sentAt: place.now, items: [], ...body }, by),
    ask: (source: string, key: string) => door.ask({ source, name: 'probe', key, body: { deep: true } }),
    facts: (name: string) => door.facts(name),
    events: () => place.inputs.flatMap((one) => (one.kind === 'event' ? [{ source: one.source, ...one.event }] : [])),
    samples: () => factsOf('host.sample'),
    boots: () => factsOf('host.boot'),
  }
  const factsOf = (name: string) =>
    place.inputs.flatMap((one) =>
      one.kind === 'fact' && one.fact.name === name ? [{ source: one.source, ...one.fact }] : [],
    )
  const note = (message: string): void => void place.logged.push(message)
  const open = () =>
    createAgentDoor({
      engine: {
        async submit(inputs, row) {
          // As the real one: not at once, and all or nothing.
          await new Promise(setImmediate)
          if (place.refusing) throw new StoreFailed('the disk is full')
          place.submits += 1
          place.inputs.push(...inputs)
          keep(row)
          return inputs.map(() => ({}))
        },
        command: async (command) => {
          place.commands.push(command)
          return {}
        },
        catchingUp: (source, yes) => void place.behind.push(`${source} ${yes}`),
      },
      store: { rows: async (name) => [...(rows.get(name) ?? [])] },
      token: (name) => tokens.find((one) => one.name === name),
      now: () => place.now,
      storeFailed: () => {},
      log: { info: note, warn: note, error: note },
    })
  let door = open()

  function restart(): void {
    door.stop()
    door = open()
  }

  function keep(row: SourceRow | undefined): void {
    if (row === undefined) return
    const mine = rows.get(row.name) ?? new Map<string, Json>()
    for (const [key, value] of row.put ?? []) mine.set(key, value)
    for (const key of row.delete ?? []) mine.delete(key)
    rows.set(row.name, mine)
  }

  async function post(body: unknown, by: string | undefined) {
    const route = door.routes.find(({ path }) => path === agentPath) ?? assert.fail()
    const answer = await route.handler({
      method: 'POST',
      path: agentPath,
      headers: {},
      query: new URLSearchParams(),
      body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      remote: '192.0.2.1',
      ...(by === undefined ? {} : { by }),
    })
    return { status: answer.status, body: answer.body as unknown as AgentAnswer & { error?: string } }
  }
  return place
}

function told(text: string, more: Partial<NewEvent> = {}) {
  return { source: 'log', event: { type: 'log.line', text, ...more } }
}

function sample(key: string, more: Partial<NewFact> = {}) {
  return { source: 'host', fact: { name: 'host.sample', key, host: key, data: { metrics: {} }, ...more } }
}

test('items are kept under the name of the token, in their order, and acknowledged by number', async () => {
  const hub = startDoor()
  const { status, body } = await hub.send({ first: 7, items: [told('one'), sample('nas'), told('two')] })
  assert.deepEqual([status, body], [202, { acked: 9, rechecks: [] }])
  assert.deepEqual(
    hub.events().map(({ source, text }) => `${source} ${text}`),
    ['nas/log one', 'nas/log two'],
  )
  assert.deepEqual(
    hub.samples().map(({ source, host }) => `${source} ${host}`),
    ['nas/host nas'],
  )
})

test('what is sent again counts once, also by halves and after a restart of the hub', async () => {
  const hub = startDoor()
  await hub.send({ items: [told('1'), told('2')] })
  assert.equal((await hub.send({ items: [told('1'), told('2')] })).body.acked, 2)
  hub.restart()
  assert.equal((await hub.send({ first: 2, items: [told('2'), told('3')] })).body.acked, 3)
  assert.deepEqual(
    hub.events().map(({ text }) => text),
    ['1', '2', '3'],
  )
})

test('two requests at once with the same items count once', async () => {
  const hub = startDoor()
  const items = [told('1'), told('2')]
  const answers = await Promise.all([hub.send({ items }), hub.send({ items }), hub.send({ items })])
  assert.deepEqual(
    answers.map(({ body }) => body.acked),
    [2, 2, 2],
  )
  assert.equal(hub.events().length, 2)
})

test('another buffer is another order, and another token never shares one', async () => {
  const hub = startDoor()
  await hub.send({ items: [told('1')] })
  await hub.send({ buffer: 'c', items: [told('2')] })
  await hub.send({ items: [told('3')] }, 'web')
  assert.deepEqual(
    hub.events().map(({ source, text }) => `${source} ${text}`),
    ['nas/log 1', 'nas/log 2', 'web/log 3'],
  )
})

test('what the store refuses is not acknowledged, and is taken when it comes again', async () => {
  const hub = startDoor()
  hub.refusing = true
  await assert.rejects(hub.send({ items: [told('1')] }), NotStored)
  hub.refusing = false
  assert.equal((await hub.send({ items: [told('1')] })).body.acked, 1)
  assert.equal(hub.events().length, 1)
})

test('a contact without news costs no transaction', async () => {
  const hub = startDoor()
  await hub.send({ items: [told('1')] })
  for (const _ of [1, 2, 3]) assert.equal((await hub.send({ first: 2 })).body.acked, 1)
  assert.equal(hub.submits, 1)
})

test('a hole in the numbers is told once, and further ones within the hour are only counted', async () => {
  const hub = startDoor()
  await hub.send({ items: [told('1')] })
  await hub.send({ first: 11, items: [told('11'), null, null, told('14')] })
  await hub.send({ first: 20, items: [told('20')] })
  const gaps = hub.events().filter(({ type }) => type === 'sereno.agent-gap')
  assert.deepEqual(
    gaps.map(({ source, subject, data }) => [source, subject, data]),
    [['sereno', 'nas', { agent: 'nas', missing: 11 }]],
  )
  assert.equal(hub.facts('nas')?.dropped, 16)
  hub.now += 2 * 3_600_000
  await hub.send({ first: 31, items: [told('31')] })
  assert.equal(hub.events().filter(({ type }) => type === 'sereno.agent-gap').length, 2)
})

test('an unknown buffer may begin with any number: what came before was said to another hub', async () => {
  const hub = startDoor()
  await hub.send({ first: 900, items: [told('900')] })
  assert.deepEqual(
    hub.events().map(({ type }) => type),
    ['log.line'],
  )
})

test('what is no item is kept as rejected, and its neighbours are taken', async () => {
  const hub = startDoor()
  const bad: readonly [unknown, RegExp][] = [
    [17, /an item is a JSON object, not 17/],
    [{ source: 'log' }, /has an event, a fact or something rejected/],
    [{ source: '../web', event: { type: 'x' } }, /source must be the name of a source/],
    [{ source: 'web/log', event: { type: 'x' } }, /source must be the name of a source/],
    [{ source: 'log', event: { type: 'sereno.store-lost' } }, /for the hub's own events/],
    [{ source: 'log', event: { type: 'x', time: 'now' } }, /time must be milliseconds/],
    [{ source: 'log', event: { type: 'x', host: 'a'.repeat(254) } }, /host must be a short text/],
    [{ source: 'log', event: { type: 'x', host: 'a\nb' } }, /host must be a short text/],
    [{ source: 'log', event: { type: 'x', labels: { 'a b': '1' } } }, /no name of a label/],
    [{ source: 'log', event: { type: 'x', condition: { key: 'k' } } }, /condition.state is missing: it must be firing/],
    [{ source: 'host', fact: { name: 'host.sample', key: 'nas' } }, /data is missing/],
    [{ source: 'host', fact: { name: 'host.sample', key: 4, data: {} } }, /key must be a text/],
  ]
  const items = [told('first'), ...bad.map(([item]) => item), told('last')]
  assert.equal((await hub.send({ items })).body.acked, items.length)
  const rejected = hub.events().filter(({ type }) => type === 'sereno.rejected')
  assert.equal(rejected.length, bad.length)
  for (const [index, [, message]] of bad.entries())
    assert.match(JSON.stringify(rejected[index]?.data?.['message']), message)
  assert.deepEqual(
    hub.events().flatMap(({ text }) => text ?? []),
    ['first', 'last'],
  )
})

test('what is no request of an agent is refused in one sentence', async () => {
  const hub = startDoor()
  const bodies = ['', '{', '[]', 'null', '{"buffer":"b","first":0,"sentAt":1,"items":[]}', `${'['.repeat(99)}`]
  for (const body of [
    ...bodies,
    { buffer: 'b', first: 1, items: [] },
    { buffer: '', first: 1, sentAt: 1, items: [] },
  ]) {
    const { status, body: answer } = await hub.post(body, 'nas')
    assert.equal(status, 400, JSON.stringify(body))
    assert.match(answer.error ?? '', /\.$/)
  }
  assert.equal((await hub.post({ buffer: 'b', first: 1, sentAt: at, items: [] }, undefined)).status, 401)
  assert.equal(hub.submits, 0)
})

test('a limited token speaks for the sources it is given, and for no others', async () => {
  const hub = startDoor([{ name: 'nas', sources: ['nas/log'] }])
  await hub.send({ items: [told('mine'), sample('nas')] })
  assert.deepEqual(
    hub.events().map(({ source, type, data }) => [source, type, data?.['message']]),
    [
      ['nas/log', 'log.line', undefined],
      ['nas/agent', 'sereno.rejected', 'the token "nas" may not be used for nas/host'],
    ],
  )
  assert.equal(hub.samples().length, 0)
})

for (const [words, offsetMs] of [
  ['a day behind', dayMs],
  ['a day ahead', -dayMs],
] as const) {
  test(`a clock that is ${words} does no harm, and is said once`, async () => {
    const hub = startDoor()
    const theirs = at - offsetMs
    const condition = { key: 'k', state: 'firing', since: theirs - 5000 }
    const items = [told('x', { time: theirs - 3000, condition } as never), sample('nas', { time: theirs - 2000 })]
    await hub.send({ items, sentAt: theirs, uptimeSeconds: 60, bootId: 'boot' })
    await hub.send({ first: 3, items: [sample('nas', { time: theirs })], sentAt: theirs })
    assert.equal(hub.events()[0]?.time, at - 3000)
    assert.equal(hub.events()[0]?.condition?.since, at - 5000)
    assert.deepEqual(
      hub.samples().map(({ time }) => time),
      [at - 2000, at],
    )
    assert.equal(hub.facts('nas')?.clockOffsetSeconds, offsetMs / 1000)
    assert.equal(hub.logged.length, 1)
    await hub.send({ first: 4, sentAt: at })
    assert.equal(hub.facts('nas')?.clockOffsetSeconds, undefined)
    assert.match(hub.logged[1] ?? '', /right again/)
  })
}

test('a difference of seconds is the way of the request: times stay as they are', async () => {
  const hub = startDoor()
  await hub.send({ items: [sample('nas', { time: at - 4500 })], sentAt: at - 4500 })
  assert.equal(hub.samples()[0]?.time, at - 4500)
})

test('a host has started when the request came, less its time since boot', async () => {
  const hub = startDoor()
  await hub.send({ items: [], sentAt: at - dayMs, uptimeSeconds: 3600, bootId: 'one', host: 'nas.lan' })
  const { bootedAt, host } = hub.facts('nas') ?? assert.fail()
  assert.deepEqual([bootedAt, host], [at - 3_600_000, 'nas.lan'])
})

test('times of items are taken as RFC 3339 writes them, too', async () => {
  const hub = startDoor()
  const iso = (time: number): never => new Date(time).toISOString() as never
  const condition = { key: 'k', state: 'firing', since: iso(at - 9000), endsAt: iso(at + 9000) }
  await hub.send({
    items: [told('x', { time: iso(at - 3000), condition } as never), sample('nas', { time: iso(at - 2000) })],
  })
  const [event] = hub.events()
  assert.deepEqual([event?.time, event?.condition?.since, event?.condition?.endsAt], [at - 3000, at - 9000, at + 9000])
  assert.equal(hub.samples()[0]?.time, at - 2000)
  await hub.send({ first: 3, items: [told('y', { time: 'yesterday' as never })] })
  assert.match(JSON.stringify(hub.events()[1]?.data), /time must be milliseconds since 1970, or as RFC 3339 writes it/)
})

test('the boot that a request names is that of the samples of its host which name none', async () => {
  const hub = startDoor()
  const other = sample('nas', { data: { metrics: {}, bootId: 'own', uptimeSeconds: 5 } })
  const before = sample('nas', { time: at - dayMs })
  const items = [sample('nas', { time: at - 60_000 }), sample('printer'), other, before]
  await hub.send({ items, host: 'nas', bootId: 'one', uptimeSeconds: 3600 })
  assert.deepEqual(
    hub.samples().map(({ key, data }) => [key, data['bootId'], data['uptimeSeconds']]),
    [
      ['nas', 'one', 3540],
      ['printer', undefined, undefined],
      ['nas', 'own', 5],
      ['nas', undefined, undefined],
    ],
  )
})

test('a sender that names no host but a boot has booted, said once for each boot, over restarts too', async () => {
  const hub = startDoor()
  await hub.send({ bootId: 'one', uptimeSeconds: 3600 })
  await hub.send({ items: [told('x')], bootId: 'one', uptimeSeconds: 3610 })
  hub.restart()
  await hub.send({ first: 2, bootId: 'one', uptimeSeconds: 3620 })
  await hub.send({ first: 2, bootId: 'two', uptimeSeconds: 5 })
  assert.deepEqual(
    hub.boots().map(({ source, key, host, time, data }) => [source, key, host, time, data]),
    [
      ['nas/agent', 'nas', 'nas', at, { bootId: 'one', uptimeSeconds: 3600 }],
      ['nas/agent', 'nas', 'nas', at, { bootId: 'two', uptimeSeconds: 5 }],
    ],
  )
  await hub.send({ bootId: 'three', uptimeSeconds: 5, host: 'web.lan' }, 'web')
  assert.equal(hub.boots().length, 2)
})

test('while more is on its way its sources are catching up, and no longer when it has told all or fell silent', async () => {
  const hub = startDoor()
  await hub.send({ items: [told('1')], more: true })
  await hub.send({ first: 2, items: [told('2')] })
  assert.deepEqual(hub.behind, ['nas/log true', 'nas/log false'])
})

test('a recheck is handed out until the agent has got it, and the word that nobody can answer ends it', async () => {
  const hub = startDoor()
  hub.ask('nas/backup', 'plan 1')
  const [first] = (await hub.send({})).body.rechecks
  assert.deepEqual(
    { ...first, id: '' },
    { id: '', source: 'backup', name: 'probe', key: 'plan 1', body: { deep: true } },
  )
  assert.equal((await hub.send({})).body.rechecks.length, 1)
  assert.equal((await hub.send({}, 'web')).body.rechecks.length, 0)
  assert.equal((await hub.send({ got: [first?.id] })).body.rechecks.length, 0)
  await hub.send({ unanswered: [first?.id] })
  await hub.send({ unanswered: [first?.id] })
  assert.deepEqual(hub.commands, [{ name: 'unanswered', source: 'nas/backup', fact: 'probe', key: 'plan 1' }])
})

test('a recheck of an agent that nobody knows is unanswered at once', () => {
  const hub = startDoor()
  hub.ask('gone/backup', 'plan 1')
  assert.deepEqual(hub.commands, [{ name: 'unanswered', source: 'gone/backup', fact: 'probe', key: 'plan 1' }])
})

test('two agents with one token are noticed once; one that was started again is not two', async () => {
  const hub = startDoor()
  const twice = () => hub.events().filter(({ type }) => type === 'sereno.agent-twice')
  for (const run of ['a', 'b', 'c', 'd']) await hub.send({ run, host: 'nas' })
  assert.equal(twice().length, 0)
  for (const _ of [1, 2, 3, 4]) {
    await hub.send({ run: 'd', host: 'nas', machineId: 'm' })
    await hub.send({ run: 'e', host: 'copy', machineId: 'm' })
  }
  assert.deepEqual(
    twice().map(({ data }) => data),
    [{ agent: 'nas', hosts: ['copy', 'nas'], machineIds: ['m'] }],
  )
})

test('of the buffers of an agent only the latest are remembered', async () => {
  const hub = startDoor()
  for (let boot = 1; boot <= 60; boot += 1) {
    hub.now += 1000
    await hub.send({ buffer: `boot ${boot}`, items: [told(String(boot))] })
  }
  hub.restart()
  assert.equal((await hub.send({ buffer: 'boot 60', items: [told('60')] })).body.acked, 1)
  assert.equal(hub.events().length, 60)
})
