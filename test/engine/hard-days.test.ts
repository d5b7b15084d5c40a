// Days on which much goes wrong at once: stepped clocks, long queues, restarts with things held, channels that come and go.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { down, EngineHouse, facts, judgeOf, refused, rule } from '../support/engine-house.ts'

const hour = 3_600_000

test('what comes while a long queue is read back is sent with the rest', async () => {
  await using house = await EngineHouse.open(judgeOf([rule('r')], { one: facts }))
  house.answers.set('one', down)
  for (let round = 0; round < 25; round += 1) await house.emit(...Array.from({ length: 100 }, () => ({})))
  house.answers.clear()
  // The first page is on its way from the store while the new one comes.
  const read = house.store.waiting
  let open: () => void = () => {}
  const gate = new Promise<void>((resolve) => (open = resolve))
  house.store.waiting = async (...given) => {
    const rows = await read(...given)
    await gate
    return rows
  }
  const restarted = house.restart()
  await turns()
  void house.engine.submit([{ kind: 'event', source: 's', event: { type: 'a' }, receivedAt: house.clock.now() }])
  await turns()
  open()
  await restarted
  await house.pass(12 * hour)
  const deliveries = await house.deliveries()
  assert.equal(deliveries.length, 2501)
  assert.deepEqual(
    deliveries.filter((one) => one !== 'one open delivered'),
    [],
  )
})

test('events that the hub derives itself meet what was held before a restart', async () => {
  const rules = [
    rule('all', { on: ['a', 'sereno.channel-dead'], throttle: { max: 1, perMs: hour } }),
    rule('b', { on: ['b'], to: ['two', 'three'] }),
  ]
  await using house = await EngineHouse.open(judgeOf(rules, { one: facts, two: facts, three: facts }))
  await house.emit({})
  await house.emit({}, {})
  await house.restart()
  house.answers.set('two', refused)
  house.answers.set('three', refused)
  await house.emit({ type: 'b' })
  await house.pass(3 * hour)
  assert.deepEqual(
    (await house.verdicts()).filter((verdict) => verdict.state === 'held' || verdict.state === 'queued'),
    [],
  )
  const digest = house.sent.filter((sent) => sent.channel === 'one').at(-1)
  assert.equal(digest?.delivery.events.length, 4)
})

test('a clock set back by hours stops no channel and merges no strangers', async () => {
  const rules = [rule('r'), rule('d', { on: ['d'], dedupe: { by: [], forMs: 600_000, tell: 'next' } })]
  await using house = await EngineHouse.open(judgeOf(rules, { one: facts }))
  await house.emit({}, { type: 'd' })
  await house.stepClock(-3 * hour)
  await house.emit({})
  await house.pass(1000)
  assert.equal(house.sent.length, 3)
  for (let count = 0; count < 3; count += 1) {
    await house.pass(hour)
    await house.emit({ type: 'd' })
  }
  const merged = (await house.verdicts()).filter((verdict) => verdict.state === 'merged')
  assert.ok(merged.length <= 1, `${merged.length} merged`)
})

test('a clock set forward by years expires nothing that waits', async () => {
  await using house = await EngineHouse.open(judgeOf([rule('r')], { one: facts }))
  house.answers.set('one', down)
  await house.emit({})
  await house.stepClock(10 * 365 * 24 * hour)
  house.answers.clear()
  await house.pass(600_000)
  assert.deepEqual(await house.deliveries(), ['one open delivered'])
})

test('the wait that a service asked for is kept, whatever expires meanwhile', async () => {
  await using house = await EngineHouse.open(judgeOf([rule('r')], { one: { ...facts, expireAfterMs: 600_000 } }))
  const limited = { ok: false, reason: 'rate-limited', retry: true, maybeDelivered: false, detail: 'slow' } as const
  house.answers.set('one', { ...limited, retryAfterMs: hour })
  await house.emit({})
  await house.pass(300_000)
  await house.emit({})
  await house.pass(2_400_000)
  assert.equal(house.sent.length, 1)
})

test('what was held for a channel that a reload took away goes to the fallback', async () => {
  const throttled = rule('r', { throttle: { max: 1, perMs: 60_000 } })
  await using house = await EngineHouse.open(judgeOf([throttled], { one: facts, spare: facts }, { fallback: 'spare' }))
  await house.emit({}, {})
  await house.reload(judgeOf([], { spare: facts }, { fallback: 'spare' }))
  await house.pass(hour)
  assert.deepEqual(await house.deliveries(), ['one open delivered', 'one open dead', 'spare open delivered'])
})

test('what is sent again beside new events is known again, whole batches of it too', async () => {
  await using house = await EngineHouse.open(judgeOf([rule('r')], { one: facts }))
  const send = async (...ids: readonly string[]) => {
    const receivedAt = house.clock.now()
    const events = ids.map((id) => ({ type: 'a', data: { id: id.slice(0, 1) }, identity: { producer: 'p', id } }))
    const stepped = await house.engine.submit(
      events.map((event) => ({ kind: 'event', source: 's', event, receivedAt })),
    )
    await house.settle()
    return stepped.map(({ id = '', duplicate = false }) => `${id}${duplicate ? ' again' : ''}`)
  }
  const [first = '', second = ''] = await send('x', 'y')
  const mixed = await send('z', 'x', 'z', 'y')
  assert.deepEqual(mixed.slice(1), [`${first} again`, `${mixed[0]} again`, `${second} again`])
  assert.deepEqual(await send('y', 'x', 'z'), [`${second} again`, `${first} again`, `${mixed[0]} again`])
  assert.equal((await house.deliveries()).length, 3)
})

test('an event that is like those before it costs one trip to the store', async () => {
  await using house = await EngineHouse.open(judgeOf([rule('r')], { two: facts }))
  const emit = (id: string) => house.emit({ identity: { producer: 'p', id } })
  await emit('first')
  const trips: string[] = []
  const { load, commit } = house.store
  house.store.load = (wanted) => (trips.push('load'), load(wanted))
  house.store.commit = (batch) => (trips.push('commit'), commit(batch))
  await emit('second')
  assert.deepEqual(trips, ['commit'])
})

test('what came first is not kept waiting by what comes after it', async () => {
  await using house = await EngineHouse.open(judgeOf([rule('r')], { two: facts }))
  let sent = 0
  const send = (): Promise<unknown> => {
    const event = { type: 'a', host: `host ${(sent += 1)}` }
    return house.engine.submit([{ kind: 'event', source: 's', event, receivedAt: house.clock.now() }])
  }
  // Whatever the store is asked, the next one comes before it answers, and needs rows that nobody has.
  const { load } = house.store
  house.store.load = async (wanted) => {
    await turns()
    if (sent < 50) void send()
    return load(wanted)
  }
  const first = send()
  void send()
  await first
  assert.ok(sent < 10, `${sent} came before the first was stored`)
  await house.settle()
})

test('what came while a reload took its channel away is not left waiting for it', async () => {
  await using house = await EngineHouse.open(judgeOf([rule('r')], { one: facts, spare: facts }, { fallback: 'spare' }))
  // The first commit of a reload is the config; the event comes while it is on its way, and needs a row that nobody has.
  const write = house.store.commit
  house.store.commit = async (batch) => {
    house.store.commit = write
    void house.engine.submit([{ kind: 'event', source: 's', event: { type: 'a' }, receivedAt: house.clock.now() }])
    return write(batch)
  }
  const { load } = house.store
  house.store.load = async (wanted) => {
    await turns()
    return load(wanted)
  }
  await house.reload(judgeOf([rule('r', { to: ['spare'] })], { spare: facts }, { fallback: 'spare' }))
  await house.pass(hour)
  assert.deepEqual(await house.deliveries(), ['spare open delivered'])
})

test('a dead message tries every fallback once, and never in a circle', async () => {
  const channels = { one: { ...facts, fallback: 'two' }, two: { ...facts, fallback: 'one' }, hub: facts }
  await using house = await EngineHouse.open(judgeOf([rule('r')], channels, { fallback: 'hub' }))
  house.answers.set('one', refused)
  house.answers.set('two', refused)
  await house.emit({})
  await house.pass(1000)
  const [first] = house.sent
  const told = house.sent.filter(({ delivery }) => {
    return delivery.rule === '(fallback)' && delivery.events[0] === first?.delivery.events[0]
  })
  assert.deepEqual(
    told.map((sent) => `${sent.channel} for ${sent.delivery.extra.fallbackFor}`),
    ['two for one', 'hub for one'],
  )
})

test('whoever was told by a rule that a channel is dead is told when it works again', async () => {
  const rules = [rule('r'), rule('mail', { on: ['sereno.*'], to: ['mail'] })]
  await using house = await EngineHouse.open(judgeOf(rules, { one: facts, mail: facts }))
  house.answers.set('one', down)
  await house.emit({})
  await house.pass(hour / 3)
  house.answers.clear()
  await house.pass(hour / 3)
  const mails = house.sent.filter((sent) => sent.channel === 'mail')
  assert.equal(mails.length, 2)
  assert.equal(mails[1]?.delivery.extra.title, 'Channel one works again')
})

test('repeats that come while old input is read end in one message at the end of their window', async () => {
  const counted = rule('r', { dedupe: { by: [], forMs: hour, tell: 'end' } })
  const sources = new Map([['s', { maxAgeMs: 24 * hour, labels: {} }]])
  await using house = await EngineHouse.open(judgeOf([counted], { one: facts }, { sources }))
  house.engine.catchingUp('s', true)
  const start = house.clock.now() - 3 * hour
  for (let count = 0; count < 12; count += 1) {
    await house.emit({ time: start + count * 240_000 })
    await house.pass(100)
  }
  house.engine.catchingUp('s', false)
  await house.pass(5 * hour)
  assert.deepEqual(await house.deliveries(), ['one open delivered', 'one note delivered'])
})

/** Long enough for all that waits for nothing but its turn. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
