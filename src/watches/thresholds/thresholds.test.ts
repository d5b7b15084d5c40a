// Limits of hosts: what passes one is told once, when it got worse, and when it is back; what says nothing about now says nothing.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Json, JsonObject } from '../../words.ts'
import { minute, SendingHost, start } from './host-for-tests.ts'

const over = (limit: Json): JsonObject => ({ limits: { cpu_percent: limit } })
const host = (options: JsonObject): SendingHost => new SendingHost(options)
const ten = Array.from({ length: 10 }, (_, index) => 90 + index / 10)

describe('a limit', () => {
  test('passed ten times in a row is told once, and its end once', () => {
    const pi = host({ limits: { cpu_percent: 80 } }).cpu(...ten, 12, 11, 10)
    assert.deepEqual(pi.said(), ['+0 firing over pi4 cpu_percent 90', '+10 resolved cleared pi4 cpu_percent 12'])
  })

  test('just reached is fine', () => {
    assert.deepEqual(
      host(over({ above: 80 }))
        .cpu(80, 80, 80)
        .said(),
      [],
    )
  })

  for (const [operator, values, told] of [
    ['above', [80, 80.01, 80], ['+1 firing', '+2 resolved']],
    ['atLeast', [79.99, 80, 79.99], ['+1 firing', '+2 resolved']],
    ['below', [80, 79.99, 80], ['+1 firing', '+2 resolved']],
    ['atMost', [80.01, 80, 80.01], ['+1 firing', '+2 resolved']],
  ] as const) {
    test(`${operator} is told on its own side only`, () => {
      const said = host(over({ [operator]: 80 }))
        .cpu(...values)
        .said()
      assert.deepEqual(
        said.map((one) => one.split(' ').slice(0, 2).join(' ')),
        told,
      )
    })
  }

  test('with a time is told when it has been passed for so long, counted from its first sample', () => {
    const pi = host(over({ above: 80, for: '10m' }))
    assert.deepEqual(pi.cpu(...ten).said(), [])
    pi.cpu(85)
    const { condition, data } = pi.events[0] ?? {}
    assert.equal(condition?.since, start)
    assert.deepEqual(
      [data?.['durationSeconds'], data?.['sinceAt'], data?.['peak'], data?.['peakAt']],
      [600, '2026-11-20T03:00:00.000Z', 90.9, '2026-11-20T03:09:00.000Z'],
    )
  })

  test('with a time begins anew when it was not passed in between', () => {
    const pi = host(over({ above: 80, for: '3m' }))
    assert.deepEqual(pi.cpu(90, 90, 90, 80, 90, 90, 90).said(), [])
    assert.deepEqual(pi.cpu(90).said(), ['+7 firing over pi4 cpu_percent 90'])
  })

  test('in samples is told at the last of so many', () => {
    assert.deepEqual(
      host(over({ above: 80, samples: 3 }))
        .cpu(90, 90, 70, 90, 90, 90)
        .said(),
      ['+5 firing over pi4 cpu_percent 90'],
    )
  })

  test('ends only when the value is as far back as clear says', () => {
    const pi = host(over({ above: 80, clear: 70 })).cpu(81, 79, 70.1, 70)
    assert.deepEqual(pi.said(), ['+0 firing over pi4 cpu_percent 81', '+3 resolved cleared pi4 cpu_percent 70'])
  })

  test('tells duration and peak at its end', () => {
    const pi = host(over({ above: 80 })).cpu(90, 99.1, 85, 12)
    assert.equal(pi.events[1]?.title, 'pi4: CPU back to 12 %, was over 80 % for 3 min, peak 99.1 %')
    const memory = host({ limits: { memory_avail: { below: '200MiB' } } })
    for (const mb of [100, 50, 150, 4096]) memory.send({ memory_avail: mb * 1024 ** 2 })
    const words = 'pi4: Memory Available back to 4 GB, was under 200 MB for 3 min, lowest 50 MB'
    assert.equal(memory.events[1]?.title, words)
  })
})

describe('levels', () => {
  const levels = over([{ above: 80 }, { above: 95, clear: 90, severity: 'critical' }])

  test('rise at once, fall when the worse one is cleared, and end as one', () => {
    const pi = host(levels).cpu(85, 96, 91, 90, 85, 80)
    assert.deepEqual(
      pi.events.map(({ severity }) => severity),
      ['warning', 'critical', 'warning', 'info'],
    )
    assert.deepEqual(pi.said(), [
      '+0 firing over pi4 cpu_percent 85',
      '+1 changed over pi4 cpu_percent 96',
      '+3 changed eased pi4 cpu_percent 90',
      '+5 resolved cleared pi4 cpu_percent 80',
    ])
  })

  test('that wait are not waited for when a worse one was told already', () => {
    const pi = host(
      over([
        { above: 80, for: '10m' },
        { above: 95, severity: 'critical' },
      ]),
    ).cpu(96, 85, 85, 80)
    assert.deepEqual(pi.said(), [
      '+0 firing over pi4 cpu_percent 96',
      '+1 changed eased pi4 cpu_percent 85',
      '+3 resolved cleared pi4 cpu_percent 80',
    ])
  })

  test('above and below may stand beside each other', () => {
    const pi = host(over([{ above: 80 }, { below: 10 }])).cpu(90, 50, 5, 50)
    assert.deepEqual(
      pi.said().map((one) => one.split(' ')[1]),
      ['firing', 'resolved', 'firing', 'resolved'],
    )
  })
})

describe('series', () => {
  test('of several mounts are conditions of their own', () => {
    const pi = host({ limits: { filesystem_percent: 90 } })
    pi.send({ 'filesystem_percent{mount="/data"}': 95, 'filesystem_percent{mount="/a b"}': 91, filesystem_percent: 92 })
    pi.send({ 'filesystem_percent{mount="/data"}': 5, 'filesystem_percent{mount="/a b"}': 91, filesystem_percent: 92 })
    assert.deepEqual(pi.said(), [
      '+0 firing over pi4 filesystem_percent /data 95',
      '+0 firing over pi4 filesystem_percent /a b 91',
      '+0 firing over pi4 filesystem_percent 92',
      '+1 resolved cleared pi4 filesystem_percent /data 5',
    ])
  })

  test('of hosts with blanks in their names are not mixed up', () => {
    const pi = host({ limits: { m: 1, 'b m': 1 } })
    pi.send({ m: 2 }, { host: 'a b' }).send({ 'b m': 2 }, { host: 'a' })
    assert.equal(new Set(pi.events.map(({ condition }) => condition?.key)).size, 2)
  })

  test('of two sources with the same name are not mixed up while both are sent', () => {
    const pi = host(over({ above: 80 }))
    pi.cpu(90)
      .send({ cpu_percent: 10 }, { source: 'other' })
      .cpu(90)
      .send({ cpu_percent: 10, x: 1 }, { source: 'other' })
    assert.deepEqual(pi.said(), ['+0 firing over pi4 cpu_percent 90'])
    pi.pass(20).send({ cpu_percent: 10 }, { source: 'other' })
    assert.deepEqual(pi.said(), ['+24 resolved cleared pi4 cpu_percent 10'])
  })
})

describe('limits of a host', () => {
  const options = {
    limits: {
      cpu_percent: 80,
      memory_percent: 80,
      'filesystem_percent{mount="/mnt/*"}': 'off',
      filesystem_percent: 90,
    },
    tags: { db: { hosts: ['db1', 'db-*'], limits: { cpu_percent: 'off' } } },
    hosts: { pi4: { cpu_percent: [{ above: 95 }] }, 'db-2': { cpu_percent: 50 } },
  }
  const full = { cpu_percent: 90, memory_percent: 90 }

  test('stand before those of its tags, and these before those of all, metric by metric', () => {
    const house = host(options)
    for (const name of ['pi4', 'db1', 'db-2', 'db-3', 'web']) house.send(full, { host: name })
    assert.deepEqual(
      house.events.map((event) => [event.host, event.subject, event.data?.['origin']]),
      [
        ['pi4', 'memory_percent', 'all hosts'],
        ['db1', 'memory_percent', 'all hosts'],
        ['db-2', 'cpu_percent', 'host db-2'],
        ['db-2', 'memory_percent', 'all hosts'],
        ['db-3', 'memory_percent', 'all hosts'],
        ['web', 'cpu_percent', 'all hosts'],
        ['web', 'memory_percent', 'all hosts'],
      ],
    )
  })

  test('may be of one series, or of all that are alike', () => {
    const house = host(options).send({
      'filesystem_percent{mount="/mnt/usb"}': 99,
      'filesystem_percent{mount="/"}': 91,
    })
    assert.deepEqual(house.said(), ['+0 firing over pi4 filesystem_percent / 91'])
  })

  test('are there without a word in the config, the three of the Janitor among them', () => {
    const house = host({})
    const sample = {
      cpu_percent: 80.1,
      memory_percent: 80.1,
      disk_usage_percent: 80.1,
      'filesystem_percent{mount="/"}': 91,
    }
    for (let count = 0; count < 6; count += 1) house.send(sample)
    assert.deepEqual(house.said(), [
      '+0 firing over pi4 disk_usage_percent 80.1',
      '+5 firing over pi4 cpu_percent 80.1',
      '+5 firing over pi4 memory_percent 80.1',
    ])
  })
})

test('what goes into an event is the sample, cut: first what it is about and what is over, then what people know', () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`a_${index}`, index]))
  const pi = host({ limits: { a_99: 1, 'm{x="1"}': 1, failed_units: { above: 0, for: '1m' } } })
  pi.send({ ...many, cpu_count: 4, 'm{x="1"}': 5 })
  const { metrics, over: marked } = (pi.events[1]?.data ?? {}) as { metrics: JsonObject; over: Json }
  assert.deepEqual(Object.keys(metrics).slice(0, 4), ['m{x="1"}', 'a_99', 'cpu_count', 'a_0'])
  assert.deepEqual([Object.keys(metrics).length, marked], [40, ['m{x="1"}', 'a_99']])
  for (let count = 0; count < 2; count += 1) pi.send({ failed_units: 1 }, { failedUnits: ['nginx.service'] })
  assert.deepEqual(pi.events[2]?.data?.['failedUnits'], ['nginx.service'])
})

test('temperature and memory have the limits that a person wrote, up to the worst', () => {
  const [cores, memory] = ['temperature_celsius{sensor="core 0"}', 'memory_percent']
  const own = (low: number, high: number): JsonObject[] => [{ above: low }, { above: high, severity: 'critical' }]
  const pi = host({ limits: { temperature_celsius: own(40, 50), memory_percent: own(97, 99) } })
  pi.send({ [cores]: 45, [memory]: 96 })
    .send({ [cores]: 55, [memory]: 98 })
    .send({ [cores]: 20, [memory]: 99.5 })
  assert.deepEqual(
    pi.events.map(({ severity, subject }) => `${severity} ${subject}`),
    [
      'warning temperature_celsius core 0',
      'critical temperature_celsius core 0',
      'warning memory_percent',
      'info temperature_celsius core 0',
      'critical memory_percent',
    ],
  )
})

describe('samples that say nothing about now', () => {
  test('because they are late neither begin nor end anything', () => {
    const pi = host(over({ above: 80 })).send({ cpu_percent: 90 }, { lateBy: 6 })
    assert.deepEqual(pi.said(), [])
    pi.cpu(90).send({ cpu_percent: 10 }, { lateBy: 6 })
    assert.deepEqual(pi.said(), ['+1 firing over pi4 cpu_percent 90'])
  })

  test('may be three intervals old where the interval is long', () => {
    const pi = host(over({ above: 80 })).send({ cpu_percent: 90 }, { lateBy: 25, everySeconds: 600 })
    assert.equal(pi.said().length, 1)
  })

  test('because they are older than the last, or the same once more, count for nothing', () => {
    const pi = host(over({ above: 80, samples: 2 }))
    pi.cpu(90).send({ cpu_percent: 90 }, { lateBy: 1 }).send({ cpu_percent: 90 }, { lateBy: 3 })
    assert.deepEqual(pi.said(), [])
    assert.deepEqual(pi.cpu(90).said(), ['+3 firing over pi4 cpu_percent 90'])
  })

  test('after a gap let the waiting begin anew, and leave what was told', () => {
    const pi = host(over({ above: 80, for: '3m' }))
      .cpu(90, 90, 90)
      .pass(60)
      .cpu(90)
    assert.deepEqual(pi.said(), [])
    assert.deepEqual(pi.cpu(90, 90, 90).said(), ['+66 firing over pi4 cpu_percent 90'])
    assert.deepEqual(pi.pass(600).cpu(90).said(), [])
  })

  test('that come once an hour are no gaps', () => {
    const pi = host(over({ above: 80, for: '2h' }))
    for (let count = 0; count < 4; count += 1) pi.cpu(90).pass(59)
    assert.deepEqual(pi.said(), ['+180 firing over pi4 cpu_percent 90'])
  })

  test('from a clock a day ahead are judged, and those after it was set as well', () => {
    const pi = host(over({ above: 80 })).send({ cpu_percent: 90 }, { lateBy: -1440 })
    assert.equal(pi.said().length, 1)
    for (let count = 0; count < 6; count += 1) pi.cpu(10)
    assert.deepEqual(pi.said(), ['+6 resolved cleared pi4 cpu_percent 10'])
  })

  test('judged before our own clock was set back do not stand in the way', () => {
    const pi = host(over({ above: 80 }))
      .pass(600)
      .cpu(90)
    pi.said()
    pi.pass(-300).cpu(10)
    assert.equal(pi.said().length, 1)
  })
})

describe('bad values', () => {
  test('are left out, and do no harm', () => {
    const pi = host({ limits: { cpu_percent: 80, memory_percent: 80, __proto__x: 1, constructor: 1 } })
    pi.send({ cpu_percent: null, memory_percent: '90', x: 1e308 })
    pi.send(JSON.parse('{"__proto__": 3, "constructor": 7, "cpu_percent": 1e308, "hasOwnProperty": 1}') as JsonObject)
    pi.send({ cpu_percent: -1e308, constructor: 0 })
    assert.deepEqual(
      pi.said().map((one) => one.split(' ').slice(1, 5).join(' ')),
      [
        'firing over pi4 constructor',
        'firing over pi4 cpu_percent',
        'resolved cleared pi4 cpu_percent',
        'resolved cleared pi4 constructor',
      ],
    )
    assert.doesNotThrow(() => JSON.stringify(pi.row()))
  })

  test('of hosts without limits are nothing to keep', () => {
    const pi = host(over({ above: 80 }))
      .cpu(10)
      .send({ x: 100 })
    assert.deepEqual(pi.row()?.series, {})
  })

  test('in thousands keep the row small', () => {
    const pi = host({ limits: { m: 1 }, missing: { tell: 'always' } })
    for (let round = 0; round < 3; round += 1) {
      const many = Array.from({ length: 10_000 }, (_, index) => [`m{a="${round}-${index}"}`, 5] as const)
      pi.send(Object.fromEntries(many))
    }
    assert.ok(Object.keys(pi.row()?.series ?? {}).length <= 500)
  })
})

describe('a reload', () => {
  test('changes nothing by itself, and the next sample is judged by the new limits', () => {
    const pi = host(over({ above: 80 })).cpu(90)
    pi.said()
    pi.reload(over({ above: 95 }))
    assert.deepEqual(pi.said(), [])
    pi.cpu(90)
    assert.match(pi.events[0]?.title ?? '', /^pi4: CPU at 90 %, which is within its limit now, was over 80 % for 1 min/)
  })

  test('to another limit that is passed as well goes on without a word, and without waiting', () => {
    const pi = host(over({ above: 80 })).cpu(90)
    pi.said()
    pi.reload(over({ above: 85, for: '1h' }))
    assert.deepEqual(pi.cpu(90, 84).said(), ['+2 resolved cleared pi4 cpu_percent 84'])
  })

  for (const [how, options] of [
    ['off', { limits: { cpu_percent: 'off' } }],
    ['gone', { limits: {} }],
    ['off for this host', { limits: { cpu_percent: 80 }, hosts: { pi4: { cpu_percent: 'off' } } }],
  ] as const) {
    test(`to a limit that is ${how} ends it at the next sample`, () => {
      const pi = host(over({ above: 80 })).cpu(90)
      pi.said()
      pi.reload(options)
      pi.send({ x: 1 })
      assert.match(pi.events[0]?.title ?? '', /^pi4: CPU is no longer watched, was over 80 % for 1 min, peak 90 %$/)
      assert.deepEqual(pi.said(), ['+1 resolved unwatched pi4 cpu_percent 90'])
      assert.deepEqual(pi.cpu(90).said(), [])
    })
  }
})

describe('a metric that is no longer sent', () => {
  const sent = { memory_percent: 5 }

  test('while its host talks is told once when it was over its limit, and goes on when it is back', () => {
    const pi = host(over({ above: 80 })).cpu(90)
    for (let count = 0; count < 30; count += 1) pi.send(sent)
    assert.deepEqual(pi.said(), ['+0 firing over pi4 cpu_percent 90', '+16 changed missing pi4 cpu_percent 90'])
    assert.deepEqual(pi.cpu(90, 90, 10).said(), [
      '+31 changed returned pi4 cpu_percent 90',
      '+33 resolved cleared pi4 cpu_percent 10',
    ])
  })

  test('is told in any case where that is wanted', () => {
    const pi = host({ ...over({ above: 80 }), missing: { after: '5m', tell: 'always' } }).cpu(10)
    for (let count = 0; count < 10; count += 1) pi.send(sent)
    assert.deepEqual(pi.said(), ['+6 firing missing pi4 cpu_percent "-"'])
    assert.deepEqual(pi.cpu(10).said(), ['+11 resolved returned pi4 cpu_percent "-"'])
    for (let count = 0; count < 10; count += 1) pi.send(sent)
    assert.deepEqual(pi.cpu(90, 10).said(), [
      '+17 firing missing pi4 cpu_percent "-"',
      '+22 changed over pi4 cpu_percent 90',
      '+23 resolved cleared pi4 cpu_percent 10',
    ])
  })

  test('is no news when it was well, when nobody wants to hear, and when the host is silent altogether', () => {
    const well = host(over({ above: 80 })).cpu(10)
    const off = host({ ...over({ above: 80 }), missing: 'off' }).cpu(90)
    for (let count = 0; count < 60; count += 1) for (const one of [well, off]) one.send(sent)
    assert.deepEqual([well.said(), off.said()], [[], ['+0 firing over pi4 cpu_percent 90']])
    const silent = host(over({ above: 80 }))
      .cpu(90)
      .pass(600)
      .send(sent)
    assert.deepEqual(silent.said(), ['+0 firing over pi4 cpu_percent 90'])
  })

  test('does not count the time in which nothing was heard at all', () => {
    const pi = host(over({ above: 80 }))
      .cpu(90)
      .send(sent)
      .send(sent)
      .pass(120)
      .send(sent)
    assert.equal(pi.said().length, 1)
    for (let count = 0; count < 15; count += 1) pi.send(sent)
    assert.deepEqual(pi.said(), ['+138 changed missing pi4 cpu_percent 90'])
  })

  test('because its source is silent is missing while another one goes on', () => {
    const pi = host(over({ above: 80 })).send({ cpu_percent: 90 }, { source: 'old' })
    for (let count = 0; count < 40; count += 1) pi.send({ x: 1 })
    assert.deepEqual(pi.said(), ['+0 firing over pi4 cpu_percent 90', '+25 changed missing pi4 cpu_percent 90'])
    assert.equal(pi.cpu(10).said().length, 1)
    const slow = host(over({ above: 80 })).send({ cpu_percent: 90 }, { source: 'old', everySeconds: 3600 })
    for (let count = 0; count < 170; count += 1) slow.send({ x: 1 })
    assert.equal(slow.said().length, 1)
  })

  test('lets what was waited for begin anew', () => {
    const pi = host(over({ above: 80, for: '3m' }))
      .cpu(90, 90, 90)
      .send(sent)
      .cpu(90)
    assert.deepEqual(pi.said(), [])
  })
})

test('a host that is forgotten takes its conditions with it', () => {
  const pi = host({ limits: { cpu_percent: 80, x: 1 } }).send({ cpu_percent: 90, x: 0 })
  pi.said()
  pi.forget('web').forget('pi4').forget('pi4')
  assert.match(pi.events[0]?.title ?? '', /^pi4: forgotten; CPU was over 80 %/)
  assert.deepEqual(pi.said(), ['+1 resolved forgotten pi4 cpu_percent 90'])
  assert.equal(pi.row(), undefined)
})

describe('what fills up', () => {
  const limits = { limits: { disk_usage_percent: { above: 90, fullWithin: '8h' } } }
  const fill = (pi: SendingHost, from: number, perHour: number, minutes: number): SendingHost => {
    for (let count = 0; count < minutes; count += 1) pi.send({ disk_usage_percent: from + (perHour * count) / 60 })
    return pi
  }

  test('is told before it is full, with when that will be, and again when it is above its limit', () => {
    const pi = fill(host(limits), 50, 8, 300)
    const [first, second, ...more] = pi.events
    const at = ((first?.time ?? 0) - start) / minute
    assert.ok(at >= 90 && at <= 125, `after ${at} min`)
    assert.equal(first?.data?.['operator'], 'fullWithin')
    const left = (100 - (50 + (8 * at) / 60)) / 8
    assert.ok(Math.abs(Number(first?.data?.['fullInSeconds']) / 3600 - left) < 0.1)
    assert.deepEqual([second, more], [undefined, []])
    fill(pi, 90.1, 8, 1)
    assert.equal(pi.events[1]?.condition?.state, 'changed')
    assert.equal(pi.events[1]?.data?.['operator'], 'above')
  })

  test('is well again when it no longer fills', () => {
    const pi = fill(fill(host(limits), 50, 8, 180), 74, 0, 180)
    assert.deepEqual(
      pi.events.map(({ condition }) => condition?.state),
      ['firing', 'resolved'],
    )
    assert.match(pi.events[1]?.title ?? '', /^pi4: Disk at 74 %, was filling up for \d/)
  })

  test('slowly, at one go, or not at all is no news', () => {
    assert.deepEqual(fill(host(limits), 50, 0.5, 600).said(), [])
    assert.deepEqual(fill(fill(host(limits), 50, 0, 200), 70, 0, 400).said(), [])
    assert.deepEqual(fill(fill(fill(host(limits), 50, 0, 200), 50, 120, 10), 70, 0, 400).said(), [])
    assert.deepEqual(fill(host(limits), 89, -3, 600).said(), [])
  })

  test('is remembered by few points', () => {
    const pi = fill(host(limits), 50, 0, 1000)
    assert.ok((pi.row()?.series['pi4 disk_usage_percent']?.points?.length ?? 0) <= 13)
  })
})

test('a graph shows it from an hour before it began, at most a day', () => {
  const pi = host(over({ above: 80, for: '10m' })).cpu(...ten, 95)
  assert.deepEqual(
    [pi.events[0]?.data?.['from'], pi.events[0]?.data?.['to']],
    ['2026-11-20T02:00:00.000Z', '2026-11-20T03:10:00.000Z'],
  )
  for (let count = 0; count < 3000; count += 1) pi.cpu(95)
  pi.cpu(10)
  const { from, to } = (pi.events[1]?.data ?? {}) as { readonly from: string; readonly to: string }
  assert.equal(Date.parse(to) - Date.parse(from), 24 * 60 * minute)
})
