// Hosts that fall silent, come back, boot and share a name, in a whole engine on a virtual clock.
import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { describe, test } from 'node:test'
import { HeartbeatHouse } from '../../../test/support/heartbeat-house.ts'
import { assemblePresence, goodbye, sample } from '../../../test/support/presence-house.ts'
import type { HostSample } from '../../source-sample.ts'
import type { JsonObject } from '../../words.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const start = '2026-11-21T03:00:00Z'

async function open(options: JsonObject = {}): Promise<HeartbeatHouse> {
  return HeartbeatHouse.open(await assemblePresence(options), start)
}

/** So many minutes in which these hosts send. */
async function minutes(
  house: HeartbeatHouse,
  count: number,
  hosts: { readonly [host: string]: Partial<HostSample> },
): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await house.observe(
      'agents',
      Object.entries(hosts).map(([host, more]) => sample(host, more)),
    )
    await house.pass(minute)
  }
}

describe('a host that falls silent', () => {
  test('is told once, after three samples that did not come, and its end with how long it was', async () => {
    await using house = await open()
    await minutes(house, 5, { nas: {}, pi4: {} })
    await minutes(house, 1, { nas: {}, pi4: {} })
    await minutes(house, 12, { pi4: {} })
    assert.match(house.told[0]?.text ?? '', /Last heard {2}2026-11-21 04:05/)
    assert.deepEqual(house.heard(), ['11-21 03:08 nas is silent'])
    await minutes(house, 2, { nas: {}, pi4: {} })
    assert.deepEqual(house.heard(), ['11-21 03:18 nas is back after 13 min'])
    assert.deepEqual(house.failures, [])
  })

  test('is not missed before it was heard at all, nor when it is alone on the machine of the hub and well', async () => {
    await using house = await open({ hosts: { pi4: { after: '2m' } } })
    await house.pass(hour)
    await minutes(house, 30, { [hostname()]: {} })
    assert.deepEqual(house.heard(), [])
  })

  test('that is the only one elsewhere is just silent', async () => {
    await using house = await open()
    await minutes(house, 3, { nas: {}, [hostname()]: {} })
    await minutes(house, 4, { [hostname()]: {} })
    assert.deepEqual(house.heard(), ['11-21 03:05 nas is silent'])
  })

  test('is waited for by its own interval, by the one of the options, and not before `after`', async () => {
    await using house = await open({ every: '10m', hosts: { 'slow-*': { after: '20m' }, brief: { missed: 2 } } })
    await house.observe('agents', [
      { name: 'host.sample', key: 'janitor', host: 'janitor', data: { metrics: {} } },
      sample('slow-1'),
      sample('brief'),
    ])
    await minutes(house, 40, { well: {} })
    assert.deepEqual(house.heard(), [
      '11-21 03:02 brief is silent',
      '11-21 03:20 slow-1 is silent',
      '11-21 03:30 janitor is silent',
    ])
  })

  test('is none when it roams, and is nobody when it is never expected', async () => {
    await using house = await open({ hosts: { laptop: { expected: 'roaming' }, 'ci-*': { expected: 'never' } } })
    await minutes(house, 3, { laptop: { bootId: 'a' }, 'ci-7': { bootId: 'a' }, nas: {} })
    await minutes(house, 60, { nas: {} })
    await minutes(house, 2, { laptop: { bootId: 'b' }, 'ci-7': { bootId: 'b' }, nas: {} })
    assert.deepEqual(house.heard(), ['11-21 04:03 laptop has booted without having said that it stops'])
  })

  test('ends when it is forgotten, and begins anew with its next sample', async () => {
    await using house = await open()
    await minutes(house, 3, { nas: {}, pi4: {} })
    await minutes(house, 7, { pi4: {} })
    await house.command({ name: 'forget-host', host: 'nas' })
    await minutes(house, 30, { pi4: {} })
    assert.deepEqual(house.heard(), [
      '11-21 03:05 nas is silent',
      '11-21 03:10 nas was forgotten; it had been silent for 8 min',
    ])
    await minutes(house, 1, { nas: {}, pi4: {} })
    await minutes(house, 4, { pi4: {} })
    assert.deepEqual(house.heard(), ['11-21 03:43 nas is silent'])
  })

  test('ends when the options no longer expect it', async () => {
    await using house = await open()
    await minutes(house, 3, { laptop: {}, pi4: {} })
    await minutes(house, 7, { pi4: {} })
    await house.reload(await assemblePresence({ hosts: { laptop: { expected: 'roaming' } } }))
    await minutes(house, 7, { pi4: {} })
    assert.deepEqual(house.heard(), [
      '11-21 03:05 laptop is silent',
      '11-21 03:10 laptop is no longer expected to be heard always',
    ])
  })

  test('is heard again by its backlog, however old that is', async () => {
    await using house = await open()
    await minutes(house, 3, { nas: {}, pi4: {} })
    await minutes(house, 7, { pi4: {} })
    await house.observe('agents', [sample('nas', {}, house.now() - 6 * minute)])
    assert.deepEqual(house.heard(), ['11-21 03:05 nas is silent', '11-21 03:10 nas is back after 8 min'])
  })
})

describe('odd hosts', () => {
  test('are hosts like any other, but for what could pass for all of them', async () => {
    await using house = await open()
    const odd = ['__proto__', 'constructor', 'a|b%7C', 'all', '']
    await house.observe(
      'agents',
      [...odd, '*', 'x'.repeat(300)].map((name) => sample(name)),
    )
    await minutes(house, 5, { well: {} })
    assert.deepEqual(house.heard().sort(), [
      '11-21 03:03 __proto__ is silent',
      '11-21 03:03 all is silent',
      '11-21 03:03 a|b%7C is silent',
      '11-21 03:03 constructor is silent',
    ])
    await house.observe(
      'agents',
      odd.map((name) => sample(name)),
    )
    assert.equal(house.heard().length, 4)
    assert.deepEqual(house.failures, [])
  })

  test('that name an absurd interval are waited for by a sensible one', async () => {
    await using house = await open({ every: '2m' })
    for (const [name, everySeconds] of [
      ['never', 0],
      ['back', -5],
      ['quick', 0.001],
      ['slow', 1e300],
    ] as const)
      await house.observe('agents', [sample(name, { everySeconds })])
    await minutes(house, 30, { well: {} })
    assert.deepEqual(house.heard().sort(), [
      '11-21 03:00 quick is silent',
      '11-21 03:06 back is silent',
      '11-21 03:06 never is silent',
    ])
  })

  test('of the machine of the hub are told singly, though nobody else is heard', async () => {
    await using house = await open()
    await minutes(house, 3, { nas: {}, pi4: {}, [hostname()]: {} })
    await house.pass(10 * minute)
    assert.deepEqual(house.heard(), [
      `11-21 03:05 ${hostname()} is silent`,
      '11-21 03:06 I am blind: no other host has been heard since 04:02',
    ])
  })
})

describe('our own absence', () => {
  for (const awayMs of [20 * second, 5 * minute, 12 * hour]) {
    test(`of ${awayMs / second} s makes no host silent that goes on sending after it`, async () => {
      await using house = await open()
      await minutes(house, 5, { nas: {}, pi4: {}, web: {} })
      await house.pass(30 * second)
      await house.away(awayMs)
      await house.pass(50 * second)
      await minutes(house, 10, { nas: {}, pi4: {}, web: {} })
      assert.deepEqual(house.heard(), [])
    })
  }

  test('leaves a host that died meanwhile to be told once', async () => {
    await using house = await open()
    await minutes(house, 5, { nas: {}, pi4: {} })
    await house.away(3 * hour)
    await minutes(house, 20, { pi4: {} })
    const heard = house.heard()
    assert.equal(heard.length, 1)
    assert.match(heard[0] ?? '', /06:1\d nas is silent/)
  })

  test('asleep with the machine counts as one, and so does a clock that is set', async () => {
    await using house = await open()
    await minutes(house, 5, { nas: {}, pi4: {} })
    house.sleep(2 * hour)
    await house.pass(40 * second)
    await minutes(house, 5, { nas: {}, pi4: {} })
    await house.stepClock(3 * hour)
    await house.pass(40 * second)
    await minutes(house, 5, { nas: {}, pi4: {} })
    await house.stepClock(-5 * hour)
    await house.pass(40 * second)
    await minutes(house, 5, { nas: {}, pi4: {} })
    assert.deepEqual(house.heard(), [])
  })

  test('does not lengthen a silence by a clock that is set', async () => {
    await using house = await open()
    await minutes(house, 5, { nas: {}, pi4: {} })
    await minutes(house, 5, { pi4: {} })
    await house.stepClock(24 * hour)
    await minutes(house, 1, { nas: {}, pi4: {} })
    assert.deepEqual(house.heard(), ['11-21 03:07 nas is silent', '11-22 03:10 nas is back after 6 min'])
  })
})

describe('a boot', () => {
  test('that was said before is one of order, and is waited for by the boot allowance', async () => {
    await using house = await open()
    await minutes(house, 5, { nas: { bootId: 'a', uptimeSeconds: 900 }, pi4: {} })
    await house.observe('agents', [goodbye('nas')])
    await minutes(house, 8, { pi4: {} })
    assert.deepEqual(house.heard(), [])
    await minutes(house, 5, { nas: { bootId: 'b', uptimeSeconds: 40 }, pi4: {} })
    const [event] = await house.events('host.booted')
    assert.deepEqual(event?.data, {
      bootId: 'b',
      previousBootId: 'a',
      uptimeSeconds: 40,
      wasUnreachableSeconds: 540,
      clean: true,
    })
    assert.equal(event.severity, 'info')
    assert.equal(event.labels['clean'], 'true')
    assert.deepEqual(house.heard(), ['11-21 03:13 nas has booted'])
  })

  test('that never comes is told after the allowance, with what the host had said', async () => {
    await using house = await open({ bootAllowance: '10m' })
    await minutes(house, 5, { nas: {}, pi4: {} })
    await house.emit('events', { type: 'host.shutdown', host: 'nas', severity: 'info' })
    await minutes(house, 15, { pi4: {} })
    assert.match(house.told.at(-1)?.text ?? '', /Said that it stops {2}2026-11-21 04:05/)
    assert.deepEqual(house.heard(), ['11-21 03:05 nas is about to stop', '11-21 03:15 nas is silent'])
  })

  test('that was called off leaves the host to be watched as ever', async () => {
    await using house = await open()
    await minutes(house, 5, { nas: { bootId: 'a' }, pi4: {} })
    await house.observe('agents', [goodbye('nas')])
    await minutes(house, 20, { nas: { bootId: 'a' }, pi4: {} })
    await minutes(house, 4, { pi4: {} })
    assert.deepEqual(house.heard(), ['11-21 03:27 nas is silent'])
    await minutes(house, 2, { nas: { bootId: 'b' }, pi4: {} })
    assert.deepEqual(house.heard(), [
      '11-21 03:29 nas is back after 5 min',
      '11-21 03:29 nas has booted without having said that it stops',
    ])
  })

  test('is told once, however often the hub restarts, and never of the first boot that is heard', async () => {
    await using house = await open()
    await minutes(house, 2, { nas: { bootId: 'a' }, pi4: {} })
    await house.away(5 * second)
    await minutes(house, 2, { nas: { bootId: 'b' }, pi4: {} })
    await house.away(5 * second)
    await minutes(house, 2, { nas: { bootId: 'b' }, pi4: {} })
    assert.deepEqual(house.heard(), ['11-21 03:02 nas has booted without having said that it stops'])
  })

  test('while the hub was away says not that there was no goodbye', async () => {
    await using house = await open()
    await minutes(house, 2, { nas: { bootId: 'a' }, pi4: {} })
    await house.away(10 * minute)
    await minutes(house, 1, { nas: { bootId: 'b' }, pi4: {} })
    const [event] = await house.events('host.booted')
    assert.equal('clean' in (event?.data ?? {}), false)
    assert.equal(event?.severity, 'info')
    assert.match(house.told[0]?.text ?? '', /Shut down in order\s+not known, since I was not running/)
  })

  test('of before is late news: its samples are of no new boot', async () => {
    await using house = await open()
    await minutes(house, 10, { nas: { bootId: 'a' }, pi4: {} })
    await minutes(house, 2, { nas: { bootId: 'b' }, pi4: {} })
    house.heard()
    for (const [bootId, ago] of [
      ['a', 9],
      ['x', 8],
      ['a', 5],
      ['x', 4],
    ] as const) {
      await house.observe('agents', [sample('nas', { bootId }, house.now() - ago * minute)])
      await house.observe('agents', [sample('nas', { bootId: 'b' })])
    }
    await minutes(house, 10, { nas: { bootId: 'b' }, pi4: {} })
    assert.deepEqual(house.heard(), [])
  })

  test('with a clock that is wrong at first is told once the clock is right', async () => {
    await using house = await open()
    await minutes(house, 5, { nas: { bootId: 'a' }, pi4: {} })
    await house.observe('agents', [sample('nas', { bootId: 'b' }, 0), sample('pi4')])
    await house.pass(minute)
    await minutes(house, 5, { nas: { bootId: 'b' }, pi4: {} })
    assert.deepEqual(house.heard(), ['11-21 03:06 nas has booted without having said that it stops'])
  })

  test('with a clock that is a day ahead is told all the same', async () => {
    await using house = await open()
    const day = 24 * hour
    for (const bootId of ['a', 'a', 'b', 'b', 'c']) {
      await house.observe('agents', [
        sample('nas', { bootId }, house.now() + (bootId === 'b' ? day : 0)),
        sample('pi4'),
      ])
      await house.pass(minute)
    }
    assert.equal(house.heard().length, 2)
  })
})

describe('two machines by one name', () => {
  for (const [about, one, other] of [
    ['that differ by their ids', { bootId: 'a', machineId: 'm' }, { bootId: 'b', machineId: 'n' }],
    ['of which one is a clone of the other', { bootId: 'a', machineId: 'm' }, { bootId: 'b', machineId: 'm' }],
    ['that say nothing of their ids', { bootId: 'a' }, { bootId: 'b' }],
  ] as const) {
    test(`${about} are told once, and are neither silent nor booting`, async () => {
      await using house = await open()
      await minutes(house, 2, { nas: one, pi4: {} })
      for (let index = 0; index < 60; index += 1) {
        await house.observe('agents', [sample('nas', other), sample('pi4')])
        await house.pass(30 * second)
        await house.observe('agents', [sample('nas', one)])
        await house.pass(30 * second)
      }
      const heard = house.heard()
      assert.equal(
        heard.filter((line) => line.endsWith('Two machines call themselves nas')).length,
        1,
        heard.join('; '),
      )
      assert.ok(heard.length <= 2, heard.join('; '))
    })
  }

  test('of which one took the place of the other are one host that has booted', async () => {
    await using house = await open()
    await minutes(house, 5, { nas: { bootId: 'a', machineId: 'm' }, pi4: {} })
    await minutes(house, 5, { nas: { bootId: 'b', machineId: 'n' }, pi4: {} })
    assert.deepEqual(house.heard(), ['11-21 03:06 nas has booted without having said that it stops'])
  })
})
