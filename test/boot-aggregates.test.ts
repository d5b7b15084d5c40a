// What is told together: per recipient, after the rules, whole; nights that hold it; and troubles that somebody looks after.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BootNode, hour, judgeWith, minute, told } from './support/boot-node.ts'
import { down, EngineHouse } from './support/engine-house.ts'

const usual = await judgeWith()

describe('aggregates', () => {
  const rules = `
  - { name: mine, on: guest.*, where: 'severity="info"', group: { by: [host], interval: 1m, min: 3 }, to: [mail] }
  - { name: others, on: [guest.started, guest.restarted], group: { by: [host], interval: 1m, min: 3 }, to: [team] }`

  test('are per recipient, and count only what a rule lets through to him', async () => {
    await using house = await EngineHouse.open(await judgeWith(rules))
    const node = new BootNode(house)
    const types = ['guest.started', 'guest.stopped', 'guest.stopped', 'guest.stopped', 'guest.started']
    for (const [index, type] of types.entries()) await node.say({ type, title: `${index}` })
    // One that no rule lets through counts for nobody.
    await node.say({ type: 'guest.stopped', severity: 'warning', title: 'bad' })
    await house.pass(5 * minute)
    assert.deepEqual(await told(house, 'mail'), [
      'ann open: 0',
      'bob open: 0',
      'ann digest: 1, 2, 3, 4',
      'bob digest: 1, 2, 3, 4',
    ])
    // Three stops are many, but not for who hears of none.
    assert.deepEqual(await told(house), ['open: 0', 'open: 4'])
  })

  test('that one recipient refuses reach the other', async () => {
    await using house = await EngineHouse.open(await judgeWith(rules))
    const node = new BootNode(house)
    for (let index = 0; index < 5; index += 1) await node.say({ type: 'guest.started', title: `${index}` })
    house.answers.set('mail', down)
    await house.pass(5 * minute)
    house.answers.delete('mail')
    await house.pass(hour)
    assert.deepEqual((await told(house, 'mail')).toSorted(), [
      'ann digest: 1, 2, 3, 4',
      'ann open: 0',
      'bob digest: 1, 2, 3, 4',
      'bob open: 0',
    ])
  })

  test('of the same kind are told again and again within a day, with or without a host', async () => {
    await using house = await EngineHouse.open(await judgeWith(rules))
    for (const host of [{}, { host: 'pve' }]) {
      for (let time = 0; time < 3; time += 1) {
        for (let index = 0; index < 4; index += 1)
          await house.emit({ type: 'guest.started', title: `${index}`, ...host })
        await house.pass(10 * minute)
      }
    }
    const all = await told(house)
    assert.equal(all.filter((one) => one === 'digest: 1, 2, 3').length, 6)
  })

  test('of many hundreds go early and drop none', async () => {
    await using house = await EngineHouse.open(await judgeWith(rules))
    const all = Array.from({ length: 700 }, (_, index) => ({ type: 'guest.started', host: 'pve', title: `${index}` }))
    await house.emit(...all)
    await house.pass(5 * minute)
    const names = (await told(house)).flatMap((one) => one.slice(one.indexOf(': ') + 2).split(', '))
    assert.deepEqual(names.toSorted(), all.map(({ title }) => title).toSorted())
  })
})

describe('what a night holds', () => {
  const night = `mute: { night: { kind: quiet, from: '22:00', until: '07:00' } }`

  test('is told in the morning, or at the next start when the hub was away then, and once', async () => {
    for (const away of [false, true]) {
      await using house = await EngineHouse.open(await judgeWith(undefined, night))
      const node = new BootNode(house)
      // The house begins at 22:13.
      await node.say({ type: 'guest.started', title: 'one' })
      await node.say({ type: 'guest.stopped', title: 'two' })
      await node.storage('firing')
      await node.storage('resolved')
      if (away) await house.away(10 * hour)
      else await house.pass(10 * hour)
      await house.pass(20 * minute)
      assert.deepEqual(await told(house), ['digest: one, two, nas is away, nas is there'], String(away))
      await house.pass(48 * hour)
      assert.equal((await told(house)).length, 1)
    }
  })

  test('is told at once when it becomes critical, and its end as ever', async () => {
    await using house = await EngineHouse.open(await judgeWith(undefined, night))
    const node = new BootNode(house)
    for (const severity of ['warning', 'error', 'critical'] as const) await node.fills(severity)
    assert.deepEqual(await told(house), ['open: tank critical'])
    const states = (await house.verdicts()).map(({ state, by }) => `${state} ${by}`)
    assert.ok(!states.some((one) => one.startsWith('held')), states.join())
    await node.fills('info', 'resolved')
    await house.pass(12 * hour)
    assert.deepEqual(await told(house), ['open: tank critical', 'end: tank info'])
  })

  test('stays held when a boot ends in it: the longer one of two windows counts', async () => {
    await using house = await EngineHouse.open(await judgeWith(undefined, night))
    const node = new BootNode(house)
    await node.boots('a')
    await node.starts(100)
    await node.say({ type: 'guest.stopped', title: 'two' })
    await house.pass(hour)
    assert.deepEqual(await told(house), [])
    const reasons = new Set((await house.verdicts()).map(({ reason }) => reason))
    assert.ok(reasons.has('night and startup'), [...reasons].join())
    await house.pass(9 * hour)
    assert.deepEqual(await told(house), ['digest: vm100 started, two, report of a'])
  })
})

test('who looks after one trouble is told of the next one', async () => {
  await using house = await EngineHouse.open(usual)
  const node = new BootNode(house)
  await node.storage('firing')
  const [[key] = assert.fail()] = await house.store.states('condition')
  await house.engine.command({ name: 'ack', condition: key, by: 'ann' })
  const condition = { key: 'storage tank', state: 'firing' } as const
  await node.say({ type: 'storage.unavailable', severity: 'error', title: 'tank is away', condition })
  assert.deepEqual(await told(house), ['open: nas is away', 'open: tank is away'])
})

test('who looks after a trouble is reminded of it once it gets worse', async () => {
  await using house = await EngineHouse.open(await judgeWith("[{ on: 'storage.*', to: team, remind: 1h }]"))
  const node = new BootNode(house)
  await node.fills('warning')
  const [[key] = assert.fail()] = await house.store.states('condition')
  await house.engine.command({ name: 'ack', condition: key, by: 'ann' })
  await house.pass(3 * hour)
  await node.fills('warning')
  await house.pass(3 * hour)
  assert.deepEqual(await told(house), ['open: tank warning'])
  await node.fills('error')
  await house.pass(hour)
  assert.deepEqual(await told(house), ['open: tank warning', 'change: tank error', 'remind: tank error'])
})
