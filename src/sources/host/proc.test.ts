// The kernel's texts: those of three machines, and garbage.
//
// The files of x86-64 are those of a machine, with mounts added from other ones; those of a Raspberry Pi and of a container
// are written as the kernel's documentation has them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { pickMounts } from '../../lib/mounts.ts'
import { readLoad, readMeminfo, readMountinfo, readPressure, readStat, readUptime } from './proc.ts'
import { readUnits } from './systemd.ts'

function fixture(name: string): string {
  return readFileSync(new URL(`../../../test/fixtures/host/${name}`, import.meta.url), 'utf8')
}

describe('a server', () => {
  test('its processor', () => {
    assert.deepEqual(readStat(fixture('x86-64/proc/stat')), {
      cpu: [1_534_749, 36_723, 273_091, 485_838, 18_452, 0, 10_290, 1375],
      cpuCount: 2,
    })
  })

  test('its memory and swap, in bytes', () => {
    const { memory, swap } = readMeminfo(fixture('x86-64/proc/meminfo')) ?? assert.fail()
    assert.equal(memory.total, 24_684_084 * 1024)
    assert.deepEqual(swap, { total: 4_194_300 * 1024, free: 3_145_725 * 1024 })
    for (const value of Object.values(memory)) assert.ok(value > 0)
  })

  test('its load, uptime and pressure', () => {
    assert.deepEqual(readLoad(fixture('x86-64/proc/loadavg')), [1.03, 0.64, 1.22])
    assert.equal(readUptime(fixture('x86-64/proc/uptime')), 11_864.26)
    assert.deepEqual(readPressure(fixture('x86-64/proc/pressure/memory')), { some: 0.5, full: 0.25 })
    assert.deepEqual(readPressure('some avg10=0.00 avg60=100.00 avg300=0.00 total=1\n'), { some: 100 })
  })

  test('its file systems', () => {
    assert.deepEqual(
      pickMounts(readMountinfo(fixture('x86-64/proc/self/mountinfo'))).map(({ point }) => point),
      [
        '/',
        '/boot/efi',
        '/mnt/nas',
        '/mnt/ntfs',
        '/mnt/remote',
        '/mnt/tw',
        '/mnt/windows',
        '/srv/data',
        '/tank',
        '/tank/photos of 2025',
      ],
    )
  })
})

describe('a Raspberry Pi', () => {
  test('its processor, memory and file systems', () => {
    assert.equal(readStat(fixture('pi/proc/stat'))?.cpuCount, 4)
    assert.equal(readMeminfo(fixture('pi/proc/meminfo'))?.memory.available, 3_203_336 * 1024)
    const points = pickMounts(readMountinfo(fixture('pi/proc/self/mountinfo'))).map(({ point }) => point)
    assert.deepEqual(points, ['/', '/boot/firmware', '/media/usb'])
  })
})

describe('a container', () => {
  test('has no file system of its own but those mounted whole', () => {
    const points = pickMounts(readMountinfo(fixture('container/proc/self/mountinfo'))).map(({ point }) => point)
    assert.deepEqual(points, ['/host', '/host/boot/efi', '/host/mnt/nas'])
  })
})

test('names of mounts are written in octal where they must be', () => {
  const [mount] = readMountinfo('1 2 8:1 / /a\\040b\\011c\\134d\\012e rw shared:1 master:2 - ext4 /dev/s\\040a rw\n')
  assert.deepEqual([mount?.point, mount?.source], ['/a b\tc\\d\ne', '/dev/s a'])
})

test('units are the first words of the lines, whether marked or not', () => {
  const text = [
    'postgresql@15-main.service loaded failed failed PostgreSQL Cluster 15-main',
    '● mnt-nas.mount              loaded failed failed /mnt/nas',
    String.raw`  dev-disk-by\x2dlabel-x.swap not-found failed failed x`,
    '',
    '0 loaded units listed.',
  ].join('\n')
  assert.deepEqual(readUnits(text), [
    'postgresql@15-main.service',
    'mnt-nas.mount',
    String.raw`dev-disk-by\x2dlabel-x.swap`,
  ])
})

describe('garbage', () => {
  const readers = [readStat, readMeminfo, readLoad, readUptime, readPressure, readMountinfo, readUnits]
  const pieces = fc.constantFrom(
    'cpu  ',
    'cpu0 ',
    'MemTotal:',
    ' kB',
    '\n',
    ' ',
    '-',
    ' - ',
    '1',
    '99999999999999999999',
    '.',
    'some avg10=',
    'avg60=',
    '/',
    '8:1',
    String.raw`\04`,
    '\u0000',
    'é',
  )
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 40 }).map((all) => all.join('')),
  )

  test('is never taken for a figure that is none', () => {
    fc.assert(
      fc.property(text, (given) => {
        for (const read of readers) everyNumber(read(given))
      }),
      { numRuns: 500 },
    )
  })

  test('in the middle of a good file spoils at most what it touches', () => {
    const good = fixture('x86-64/proc/meminfo')
    fc.assert(
      fc.property(fc.nat(good.length), text, (at, given) => {
        everyNumber(readMeminfo(good.slice(0, at) + given + good.slice(at)))
      }),
    )
  })

  test('of any length is read in a moment', () => {
    for (const one of ['cpu ', '1 ', ' - ', 'MemTotal: ', '\\04', 'some avg10=', '● ', 'a.'])
      for (const read of readers) read(one.repeat(100_000))
  })
})

/** That each one, however deep, is finite and not negative. */
function everyNumber(value: unknown): void {
  if (typeof value === 'number') assert.ok(Number.isFinite(value) && value >= 0, String(value))
  else if (typeof value === 'object' && value !== null) Object.values(value).forEach(everyNumber)
}
