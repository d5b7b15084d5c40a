// When no host is heard at all, it is the hub that is blind: told once, and what stays silent singly after it.
import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { describe, test } from 'node:test'
import { HeartbeatHouse } from '../../../test/support/heartbeat-house.ts'
import { assemblePresence, goodbye, sample } from '../../../test/support/presence-house.ts'
import type { JsonObject } from '../../words.ts'

const second = 1000
const minute = 60 * second
const start = '2026-11-21T03:00:00Z'
const three = ['nas', 'pi4', 'web']

async function open(options: JsonObject = {}): Promise<HeartbeatHouse> {
  return HeartbeatHouse.open(await assemblePresence(options), start)
}

/** So many minutes in which these hosts send, one after the other. */
async function minutes(house: HeartbeatHouse, count: number, hosts: readonly string[]): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    for (const host of hosts) {
      await house.observe('agents', [sample(host)])
      await house.pass(3 * second)
    }
    await house.pass(minute - hosts.length * 3 * second)
  }
}

describe('all hosts silent at once', () => {
  test('are one message with when the last one was heard, and one when they are back', async () => {
    await using house = await open()
    await minutes(house, 10, [...three, hostname()])
    await minutes(house, 20, [hostname()])
    assert.match(house.told[0]?.text ?? '', /3 hosts {5}nas, pi4, web/)
    assert.deepEqual(house.heard(), ['11-21 03:13 I am blind: no other host has been heard since 04:09'])
    await minutes(house, 10, [...three, hostname()])
    assert.deepEqual(house.heard(), ['11-21 03:30 I hear hosts again after 21 min: the first is nas'])
    const conditions = (await house.events('host.silent')).map(({ condition }) => condition?.key)
    assert.deepEqual(conditions, ['*', '*'])
    assert.deepEqual(house.failures, [])
  })

  test('of which one stays silent: that one is told when the others have come back', async () => {
    await using house = await open()
    await minutes(house, 10, three)
    await minutes(house, 20, [])
    house.heard()
    await minutes(house, 10, ['nas', 'pi4'])
    assert.deepEqual(house.heard(), [
      '11-21 03:30 I hear hosts again after 21 min: the first is nas',
      '11-21 03:31 web is silent',
    ])
    await minutes(house, 2, three)
    assert.deepEqual(house.heard(), ['11-21 03:40 web is back after 31 min'])
  })

  test('for so short a time that it is not confirmed are not told', async () => {
    await using house = await open()
    await minutes(house, 10, three)
    await minutes(house, 2, [])
    await house.pass(50 * second)
    await minutes(house, 20, three)
    assert.deepEqual(house.heard(), [])
  })

  test('but for one that comes back while it is found out: the others are told singly', async () => {
    await using house = await open()
    await minutes(house, 10, three)
    await minutes(house, 3, [])
    await minutes(house, 10, ['web'])
    assert.deepEqual(house.heard().sort(), ['11-21 03:14 nas is silent', '11-21 03:14 pi4 is silent'])
  })

  test('is not said of two while a third is heard, nor while a laptop is', async () => {
    await using house = await open({ hosts: { laptop: { expected: 'roaming' } } })
    await minutes(house, 10, [...three, 'laptop'])
    await minutes(house, 10, ['laptop'])
    assert.equal(house.heard().length, 3)
  })

  test('is said although a laptop has been away for long and another host is known to be dead', async () => {
    await using house = await open({ hosts: { laptop: { expected: 'roaming' } } })
    await minutes(house, 5, [...three, 'dead', 'laptop'])
    await minutes(house, 10, three)
    house.heard()
    await minutes(house, 10, [])
    assert.deepEqual(house.heard(), ['11-21 03:18 I am blind: no other host has been heard since 04:14'])
    await minutes(house, 5, ['laptop'])
    assert.equal(house.heard()[0], '11-21 03:25 I hear hosts again after 11 min: the first is laptop')
  })

  test('ends when the hosts are forgotten', async () => {
    await using house = await open()
    await minutes(house, 5, ['nas', 'pi4'])
    await minutes(house, 10, [])
    house.heard()
    await house.command({ name: 'forget-host', host: 'nas' })
    await house.command({ name: 'forget-host', host: 'pi4' })
    assert.deepEqual(house.heard(), ['11-21 03:15 No host is expected to be heard any more'])
  })

  test('counts no host that has said that it stops', async () => {
    await using house = await open()
    await minutes(house, 5, ['nas', 'pi4'])
    await house.observe('agents', [goodbye('nas')])
    await minutes(house, 8, [])
    assert.deepEqual(house.heard(), ['11-21 03:07 pi4 is silent'])
  })

  test('goes on over a restart, and is told no second time', async () => {
    await using house = await open()
    await minutes(house, 5, three)
    await minutes(house, 10, [])
    await house.away(5 * minute)
    await minutes(house, 30, [])
    assert.equal(house.heard().length, 1)
    await minutes(house, 3, three)
    assert.equal(house.heard().length, 1)
  })

  for (const rarely of [{ missed: 2 }, { missed: 3 }]) {
    test(`gives what sends more rarely the time to come back too (${JSON.stringify(rarely)})`, async () => {
      await using house = await open({ after: '5m', hosts: { rare: rarely } })
      const send = (host: string, everySeconds = 60) => house.observe('agents', [sample(host, { everySeconds })])
      await send('nas')
      await send('pi4')
      await send('rare', 180)
      await house.pass(7 * minute)
      assert.deepEqual(house.heard(), ['11-21 03:06 I am blind: no other host has been heard since 04:00'])
      for (let index = 0; index < 10; index += 1) {
        await send('nas')
        await send('pi4')
        if (index === 3) await send('rare', 180)
        await house.pass(minute)
      }
      assert.deepEqual(
        house.heard(),
        ['11-21 03:07 I hear hosts again after 7 min: the first is nas', '11-21 03:16 rare is silent'].slice(
          0,
          rarely.missed === 2 ? 2 : 1,
        ),
      )
    })
  }
})

test('a sample of a host that is well writes its own row only', async () => {
  await using house = await open()
  await minutes(house, 5, three)
  const before = new Map(await house.store.states('watch|hosts|'))
  await house.observe('agents', [sample('nas')])
  const changed = (await house.store.states('watch|hosts|')).filter(
    ([key, value]) => JSON.stringify(before.get(key)) !== JSON.stringify(value),
  )
  assert.deepEqual(
    changed.map(([key]) => key),
    ['watch|hosts|host:nas'],
  )
})
