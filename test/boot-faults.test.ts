// Around a boot, what goes wrong with clocks, channels, restarts and second boots: nothing held is lost, each boot is told once.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toSampleFact } from '../src/source-sample.ts'
import { BootNode, hour, judgeWith, minute, reports, second, told } from './support/boot-node.ts'
import { down, EngineHouse } from './support/engine-house.ts'

const usual = await judgeWith()

describe('the wall clock, set in the middle of the grace', () => {
  for (const hours of [1, -1]) {
    test(`by ${hours} h, neither ends it nor makes it longer, nor is the boot said to have been another time ago`, async () => {
      await using house = await EngineHouse.open(usual)
      const node = new BootNode(house)
      await node.boots('a')
      await node.guest(100, false)
      await node.guest(101, false)
      await house.pass(minute)
      await node.starts(100)
      await house.stepClock(hours * hour)
      await house.pass(minute)
      await node.starts(101, 'failed')
      await node.say({ type: 'guest.start-warning', title: 'held as well' })
      await node.storage('firing')
      await house.pass(2 * minute)
      assert.deepEqual(await told(house), [], 'four minutes after the boot')
      await house.pass(minute)
      assert.deepEqual(await told(house), ['open: report of a'])
      const [report] = await reports(house)
      assert.equal(report?.data['afterSeconds'], 300)
      assert.equal(report?.data['bootSeconds'], 65)
      await house.pass(3 * hour)
      assert.deepEqual(await told(house), ['open: report of a'])
    })

    test(`by ${hours} h while it stops, leaves the stop as long as it was`, async () => {
      await using house = await EngineHouse.open(usual)
      const node = new BootNode(house)
      await node.boots('a', 100_000)
      await node.stops()
      await house.pass(minute)
      await house.stepClock(hours * hour)
      await node.say({ type: 'guest.stopped', title: 'stopped' })
      await house.pass(10 * second)
      assert.deepEqual(await told(house), ['open: host.shutdown'])
      await node.boots('b')
      assert.equal((await told(house)).length, 1)
      await house.pass(10 * minute)
      const [report] = await reports(house)
      assert.deepEqual(await told(house), ['open: host.shutdown', 'open: report of b'])
      assert.equal(report?.data['downSeconds'], 65)
      assert.equal(report?.data['previousClean'], true)
    })
  }

  test('again and again is of no matter', async () => {
    await using house = await EngineHouse.open(usual)
    const node = new BootNode(house)
    await node.boots('a')
    for (const hours of [1, -1, -1, 2, -1]) {
      await house.stepClock(hours * hour)
      await node.say({ type: 'guest.started', title: 'held' })
      await house.pass(50 * second)
      assert.deepEqual(await told(house), [])
    }
    await house.pass(minute)
    assert.deepEqual(await told(house), ['open: report of a'])
  })
})

describe('a condition that is muted', () => {
  const begin = async (): Promise<BootNode> => {
    const node = new BootNode(await EngineHouse.open(usual))
    await node.boots('a')
    await node.storage('firing')
    return node
  }

  test('and ends during the mute is not told, nor its end', async () => {
    const node = await begin()
    await using house = node.house
    await house.pass(minute)
    await node.storage('resolved')
    await house.pass(hour)
    assert.deepEqual(await told(house), ['open: report of a'])
    const [report] = await reports(house)
    assert.deepEqual([report?.severity, report?.data['storages']], ['info', []])
  })

  test('and ends at its very end is told as it is in the report, and as nothing else', async () => {
    const node = await begin()
    await using house = node.house
    await house.pass(295 * second - 1)
    assert.deepEqual(await told(house), [])
    await node.storage('resolved')
    await house.pass(1)
    await house.pass(hour)
    assert.deepEqual(await told(house), ['open: report of a'])
    assert.deepEqual((await reports(house))[0]?.data['storages'], [])
  })

  test('and ends right behind its end is named in the report, and its end told once', async () => {
    const node = await begin()
    await using house = node.house
    await house.pass(295 * second)
    await node.storage('resolved')
    await house.pass(hour)
    assert.deepEqual(await told(house), ['open: report of a', 'end: nas is there'])
    assert.equal((await reports(house))[0]?.severity, 'warning')
  })

  test('and stays is told in the report, begins once, and is reminded of or ended there', async () => {
    const node = await begin()
    await using house = node.house
    await house.pass(10 * minute)
    await node.storage('firing')
    await house.pass(hour)
    await node.storage('resolved')
    assert.deepEqual(await told(house), ['open: report of a', 'end: nas is there'])
    const all = await house.store.deliveries({ channel: 'team', limit: 10 })
    assert.equal(new Set(all.map(({ thread }) => thread)).size, 1)
  })

  test('and was told before the boot is not told again, but its end is, during the mute', async () => {
    await using house = await EngineHouse.open(usual)
    const node = new BootNode(house)
    await node.storage('firing')
    await node.boots('a')
    await node.storage('resolved')
    assert.deepEqual(await told(house), ['open: nas is away', 'end: nas is there'])
  })
})

describe('what is held', () => {
  test('joins the report also between the time of guests and its end', async () => {
    await using house = await EngineHouse.open(usual)
    const node = new BootNode(house)
    await node.boots('a')
    for (const id of [100, 101, 102]) await node.guest(id, false)
    await house.pass(minute)
    await node.starts(100)
    await house.pass(3 * minute)
    await node.starts(101)
    await house.pass(10 * minute)
    assert.deepEqual(await told(house), ['open: report of a'])
    const [report] = await reports(house)
    assert.deepEqual([report?.data['startedCount'], report?.data['pendingCount']], [2, 1])
    await node.starts(102)
    assert.deepEqual((await told(house)).slice(1), ['open: vm102 started'], 'later ones are told by themselves')
  })

  test('is not discarded when the hub starts again in the middle, is away over its end, or knows of no boot', async () => {
    for (const awayMs of [0, 20 * minute]) {
      await using house = await EngineHouse.open(usual)
      const node = new BootNode(house)
      await node.boots('a')
      await node.guest(100, false)
      await node.starts(100)
      await node.starts(101, 'failed')
      for (let time = 0; time < 3; time += 1) {
        if (awayMs === 0) await house.restart()
        else if (time === 0) await house.away(awayMs)
        await node.boots('a', 30)
      }
      await house.pass(30 * minute)
      assert.deepEqual(await told(house), ['open: report of a'], String(awayMs))
      const [report] = await reports(house)
      assert.deepEqual([report?.data['startedCount'], report?.data['failedCount']], [1, 1])
      assert.deepEqual(
        (await house.verdicts()).filter(({ state }) => state === 'held'),
        [],
      )
    }
    // Up for long when it is first seen, it has not booted: nothing is held, and so nothing is discarded.
    await using house = await EngineHouse.open(usual)
    const node = new BootNode(house)
    await node.boots('a', 700)
    await node.starts(100)
    assert.deepEqual(await told(house), ['open: vm100 started'])
  })

  test('of guests whose configuration cannot be read is named, started, failed or neither', async () => {
    await using house = await EngineHouse.open(usual)
    const node = new BootNode(house)
    await node.boots('a')
    for (const id of [100, 101, 102]) await node.guest(id, false, 'unreadable')
    await node.guest(103, false)
    await node.starts(100)
    await node.guest(100, true, 'unreadable')
    await node.starts(101, 'failed')
    await house.pass(4 * minute)
    await node.looks()
    await node.looks()
    assert.deepEqual(await told(house), [], 'it may still start')
    await house.pass(10 * minute)
    const { data } = (await reports(house))[0] ?? assert.fail()
    const names = (list: unknown): string[] => (list as { name: string }[]).map(({ name }) => name)
    assert.deepEqual([data['started'], data['failed'], data['pending'], data['unknown']].map(names), [
      ['vm100'],
      ['vm101'],
      ['vm103'],
      ['vm102'],
    ])
    assert.deepEqual(await told(house), ['open: report of a'])
  })
})

describe('a stop', () => {
  test('holds what it causes, and the second word of it; failures, and all else, pass', async () => {
    await using house = await EngineHouse.open(await judgeWith("[{ on: '*', to: team }]"))
    const node = new BootNode(house)
    await node.boots('a', 100_000)
    await node.say({ type: 'host.shutdown', title: 'goes down' })
    await node.stops()
    await house.pass(second)
    await node.say({ type: 'host.shutdown', title: 'the same from elsewhere' })
    const caused = ['guest.stopped', 'guest.shutdown', 'service.note', 'storage.note', 'network.note', 'host.silent']
    for (const type of caused) await node.say({ type, title: type })
    assert.deepEqual(await told(house), ['open: goes down'])
    const others = ['guest.stop-failed', 'guest.migration-failed', 'guest.died', 'message']
    for (const type of others) await node.say({ type, title: type })
    assert.deepEqual(await told(house), ['open: goes down', ...others.map((type) => `open: ${type}`)])
  })
})

test('failures pass a stop also where all else of guests is held', async () => {
  const more = 'mute: { shutdown: { kind: shutdown, types: [guest.*] } }'
  await using house = await EngineHouse.open(await judgeWith("[{ on: 'guest.*', to: team }]", more))
  const node = new BootNode(house)
  await node.boots('a', 100_000)
  await node.stops()
  await house.pass(second)
  for (const type of ['guest.started', 'guest.stop-failed']) await node.say({ type, title: type })
  assert.deepEqual(await told(house), ['open: guest.stop-failed'])
})

describe('a report', () => {
  test('comes early once every guest runs and nothing is wrong', async () => {
    await using house = await EngineHouse.open(usual)
    const node = new BootNode(house)
    await node.boots('a')
    await node.guest(100, false)
    await house.pass(20 * second)
    await node.starts(100)
    await node.looks()
    await node.looks()
    assert.deepEqual(await told(house), ['open: report of a'])
    assert.equal((await reports(house))[0]?.data['afterSeconds'], 25)
    await node.say({ type: 'guest.stopped', title: 'stopped by hand' })
    assert.equal((await told(house)).length, 2, 'nothing is held any more')
  })

  test('is one for each of two boots within minutes, a day, and with the same words', async () => {
    await using house = await EngineHouse.open(usual)
    const node = new BootNode(house)
    await node.boots('a')
    await node.starts(100)
    await house.pass(2 * minute)
    await node.boots('b')
    assert.deepEqual(await told(house), ['open: report of a'])
    await node.starts(100)
    await house.pass(10 * minute)
    await node.boots('c')
    await house.pass(10 * minute)
    assert.deepEqual(await told(house), ['open: report of a', 'open: report of b', 'open: report of c'])
  })

  test('waits for a channel that is down for hours, is told once, and not as old news', async () => {
    await using house = await EngineHouse.open(usual)
    const node = new BootNode(house)
    await node.boots('a')
    await node.starts(100)
    await node.starts(101, 'failed')
    await node.say({
      type: 'guest.start-failed',
      severity: 'error',
      title: 'vm101 failed',
      subject: 'vm101',
      condition: { key: 'guest 101', state: 'firing' },
    })
    house.answers.set('team', down)
    await house.pass(65 * minute)
    await house.restart()
    await house.pass(5 * hour)
    assert.deepEqual(await told(house), [])
    house.answers.delete('team')
    await house.pass(2 * hour)
    assert.deepEqual(await told(house), ['open: report of a'])
    await node.say({
      type: 'guest.start-failed',
      title: 'vm101 runs',
      condition: { key: 'guest 101', state: 'resolved' },
    })
    assert.deepEqual(await told(house), ['open: report of a', 'end: vm101 runs'])
  })

  test('is no repeat of the one before, whatever a rule takes for repeats', async () => {
    const rules = "[{ on: ['host.*', 'guest.*'], dedupe: { by: [host], for: 24h }, to: team }]"
    await using house = await EngineHouse.open(await judgeWith(rules))
    const node = new BootNode(house)
    for (const bootId of ['a', 'b']) {
      await node.boots(bootId)
      await house.pass(hour)
    }
    assert.deepEqual(await told(house), ['open: report of a', 'open: report of b'])
  })

  test('is not held back by what calms other events: dedupe, throttles, and the windows around the boot', async () => {
    const rules = "[{ on: ['host.*', 'guest.*'], to: team, throttle: { max: 1, per: 10m } }]"
    await using house = await EngineHouse.open(await judgeWith(rules))
    const node = new BootNode(house)
    await node.boots('a')
    for (let id = 100; id < 140; id += 1) await node.starts(id)
    await house.pass(10 * minute)
    assert.deepEqual(await told(house), ['open: report of a'])
  })
})

test('a host elsewhere is known to have booted by its samples, holds what is its own, and is told once, also heard of late', async () => {
  await using house = await EngineHouse.open(usual)
  const sample = async (bootId: string, uptimeSeconds: number, agoMs = 0): Promise<void> => {
    const receivedAt = house.clock.now()
    const fact = toSampleFact('nas', { metrics: {}, bootId, uptimeSeconds }, receivedAt - agoMs)
    await house.engine.submit([{ kind: 'fact', source: 's', fact, receivedAt }])
    await house.settle()
  }
  await sample('a', 90_000)
  await house.pass(10 * minute)
  // Its network was late: three minutes of samples come at once.
  for (const agoMs of [2 * minute, minute, 0]) await sample('b', 180 - agoMs / second, agoMs)
  await house.emit(
    { type: 'guest.stopped', host: 'nas', title: 'held' },
    { type: 'guest.stopped', host: 'pve', title: 'passes' },
  )
  assert.deepEqual(await told(house), ['open: passes'])
  await house.pass(2 * minute - second)
  assert.equal((await told(house)).length, 1)
  await house.restart()
  await sample('b', 299)
  await house.pass(hour)
  await sample('b', 4000)
  assert.deepEqual(await told(house), ['open: passes', 'open: report of b'])
  assert.equal((await reports(house))[0]?.data['afterSeconds'], 300)
})
