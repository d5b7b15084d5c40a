// A real node_exporter and our own eyes look at the same files, which stand still meanwhile: both must say the same.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startNodeExporter } from '../../../test/support/node-exporter.ts'
import { type SourceDouble, startSource } from '../../../test/support/source-double.ts'
import { type HostSample, readSample, sampleFact } from '../../source-sample.ts'
import host from '../host/index.ts'
import nodeExporter from './index.ts'

/** In hundredths of a second: user, nice, system, idle, iowait, irq, softirq, steal, guest (within user), guest of nice. */
type Core = readonly [number, number, number, number, number, number, number, number, number, number]

interface Moment {
  readonly cores: readonly Core[]
  /** Megabytes that are not free. */
  readonly used: number
  readonly load: string
  /** Waits for the disk, in microseconds since boot, and their share of the last minute. */
  readonly waited: { readonly total: number; readonly share: string }
}

const before: Moment = {
  cores: [
    [90_000, 100, 30_000, 900_000, 5000, 10, 700, 60, 40_000, 0],
    [80_000, 200, 20_000, 800_000, 4000, 20, 600, 50, 0, 0],
  ],
  used: 900,
  load: '0.10 0.20 0.30',
  waited: { total: 5_000_000, share: '0.00' },
}

/** Of 2000 hundredths 750 are work: what a guest does is a part of user, and waiting for the disk is none. */
const after: Moment = {
  cores: [
    [90_400, 110, 30_100, 900_300, 5150, 15, 720, 65, 40_400, 0],
    [80_150, 205, 20_035, 800_650, 4150, 20, 610, 60, 0, 0],
  ],
  used: 2100,
  load: '1.75 1.50 0.90',
  // More than all of the time: all of it.
  waited: { total: 10 ** 12, share: '100.00' },
}

test('from the same files a node_exporter and our own eyes have the same figures', async () => {
  using machine = createStillMachine()
  machine.show(before)
  const { proc, sys, root } = machine
  await using exporter = await startNodeExporter(
    `--path.procfs=${proc}`,
    `--path.sysfs=${sys}`,
    `--path.rootfs=${root}`,
  )
  // At once, and then only when they are asked: by a clock that stands still.
  const theirs = await startSource(nodeExporter, { url: [{ url: exporter.url, host: 'hub' }], every: '1h' })
  const ours = await startSource(host, { every: '1h', proc, sys, root })
  const sources = [theirs, ours]
  for (const { facts } of sources)
    for (const giveUpAt = performance.now() + 15_000; facts.length === 0; await wait(10))
      assert.ok(performance.now() < giveUpAt, 'there is no sample')
  // What a counter says on the first page is not known yet.
  const isOfSpan = (name: string): boolean => name.startsWith('pressure_')
  assert.deepEqual(figures(theirs), figures(ours, isOfSpan))

  // Asked again within half a second, the processor's share would be that of before.
  await wait(600)
  const shownAt = machine.show(after)
  for (const source of sources) await source.recheck({ name: sampleFact, key: 'hub', body: {} })
  const askedAt = machine.uptime()
  for (const source of sources) {
    source.stop()
    assert.equal(source.facts.length, 2)
    const { metrics } = lastOf(source)
    assert.deepEqual([metrics['cpu_percent'], metrics['pressure_io_some'], metrics['load_5']], [37.5, 100, 1.5])
  }
  assert.deepEqual(figures(theirs), figures(ours))
  const found = new Set(Object.keys(figures(ours)).map((name) => /^[a-z]+/.exec(name)?.[0]))
  const wanted = ['cpu', 'disk', 'filesystem', 'load', 'memory', 'pressure', 'swap', 'temperature']
  assert.deepEqual([...found], wanted)
  // It reckons with the time at which it is asked.
  const { uptimeSeconds = NaN } = lastOf(theirs)
  assert.ok(uptimeSeconds >= shownAt - 0.01 && uptimeSeconds <= askedAt + 0.01, `${uptimeSeconds}`)
  assert.equal(lastOf(ours).uptimeSeconds, shownAt)
})

/** Of the last sample, without the time since boot, which is of the moment of asking. */
function figures(source: SourceDouble, isLeftOut: (name: string) => boolean = () => false) {
  const { metrics } = lastOf(source)
  const kept = Object.entries(metrics).filter(([name]) => name !== 'uptime_seconds' && !isLeftOut(name))
  return Object.fromEntries(kept.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

function lastOf({ facts }: SourceDouble): HostSample {
  return readSample(facts.at(-1) ?? assert.fail()) ?? assert.fail()
}

/** The /proc, /sys and / of a machine whose time does not run, except that it is up for longer and longer. */
function createStillMachine() {
  const folder = mkdtempSync(join(tmpdir(), 'sereno-still-'))
  const [proc, sys, root] = ['proc', 'sys', 'root'].map((name) => join(folder, name)) as [string, string, string]
  const bootedAt = Math.floor(Date.now() / 1000) - 12_345
  const uptime = (): number => Number((Date.now() / 1000 - bootedAt).toFixed(2))
  const put = (path: string, lines: readonly string[]): void => {
    mkdirSync(dirname(join(proc, path)), { recursive: true })
    writeFileSync(join(proc, path), `${lines.join('\n')}\n`)
  }
  cpSync(fileURLToPath(new URL('../../../test/fixtures/host/pi/sys', import.meta.url)), sys, { recursive: true })
  // A file system nobody writes to meanwhile, called a disk.
  symlinkSync('/dev', root)
  put('self/mountinfo', [`22 1 8:1 / ${root} rw,relatime - ext4 /dev/sda1 rw`])
  put('1/mounts', [`/dev/sda1 ${root} ext4 rw,relatime 0 0`])
  put('sys/kernel/random/boot_id', ['0a8c6a1e-3b52-4a4e-9a63-2f0f1f6f9b11'])
  return {
    proc,
    sys,
    root,
    uptime,
    /** Returns for how long it is up. */
    show({ cores, used, load, waited }: Moment): number {
      const all = cores[0]?.map((_, mode) => cores.reduce((sum, core) => sum + (core[mode] ?? 0), 0)) ?? []
      put('stat', [
        `cpu  ${all.join(' ')}`,
        ...cores.map((times, index) => `cpu${index} ${times.join(' ')}`),
        'intr 0',
        `btime ${bootedAt}`,
      ])
      put('meminfo', [
        'MemTotal:        4000000 kB',
        `MemFree:         ${3_000_000 - used * 1000} kB`,
        `MemAvailable:    ${3_700_000 - used * 1000} kB`,
        'Buffers:          100000 kB',
        'Cached:           600000 kB',
        'SReclaimable:      50000 kB',
        'SwapTotal:       2000000 kB',
        `SwapFree:        ${1_900_000 - used * 100} kB`,
      ])
      put('loadavg', [`${load} 2/345 6789`])
      const { share, total } = waited
      for (const what of ['cpu', 'memory', 'io'])
        put(
          `pressure/${what}`,
          ['some', 'full'].map((who) => `${who} avg10=${share} avg60=${share} avg300=0.00 total=${total}`),
        )
      const up = uptime()
      put('uptime', [`${up.toFixed(2)} 0.00`])
      return up
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
