// This machine as its own tools and a real node_exporter see it; and the source as it runs: its times, its gaps, its end.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startNodeExporter } from '../../../test/support/node-exporter.ts'
import { startSource } from '../../../test/support/source-double.ts'
import { readSample, type HostSample, sampleFact } from '../../source-sample.ts'
import type { NewFact } from '../../words.ts'
import host, { createHost } from './index.ts'

const run = promisify(execFile)
const fixtures = fileURLToPath(new URL('../../../test/fixtures/host', import.meta.url))

/** A folder with files in it, `target ->` for links. */
async function makeTree(files: { readonly [path: string]: string } = {}): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'sereno-host-'))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    if (text.startsWith('->')) await symlink(text.slice(2), join(path, name))
    else await writeFile(join(path, name), text, { mode: 0o755 })
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

function sampleOf(fact: NewFact | undefined): HostSample {
  return readSample(fact ?? assert.fail('no sample')) ?? assert.fail('it is none')
}

/** One sample of the files of a machine that is not this one. */
async function sampleTree(folder: string, root: string): Promise<{ sample: HostSample; logged: readonly string[] }> {
  const source = await startSource(host, { proc: `${folder}/proc`, sys: `${folder}/sys/`, root })
  await until(() => source.facts.length > 0)
  source.stop()
  await source.ended
  return { sample: sampleOf(source.facts[0]), logged: source.logged }
}

describe('a sample of files', () => {
  test('of a server', async () => {
    await using root = await makeTree({ 'etc/machine-id': '3d1219c7c4c5404aaa1f6d2a48adfda4\n' })
    const { sample } = await sampleTree(join(fixtures, 'x86-64'), root.path)
    const { metrics, ...rest } = sample
    assert.deepEqual(rest, {
      bootId: '0a8c6a1e-3b52-4a4e-9a63-2f0f1f6f9b11',
      uptimeSeconds: 11_864.26,
      everySeconds: 60,
      machineId: '3d1219c7c4c5404aaa1f6d2a48adfda4',
    })
    const named = Object.keys(metrics).filter((name) => !name.startsWith('disk_') && !name.startsWith('memory_'))
    assert.deepEqual(named, [
      'cpu_count',
      'swap_total',
      'swap_used',
      'swap_percent',
      'load_1',
      'load_5',
      'load_15',
      'pressure_cpu_some',
      'pressure_memory_some',
      'pressure_memory_full',
      'pressure_io_some',
      'pressure_io_full',
      'uptime_seconds',
    ])
    assert.equal(metrics['swap_percent'], 25)
    assert.equal(metrics['pressure_io_full'], 0.02)
  })

  test('of a Raspberry Pi: its temperature once, and one line for all that it does not have', async () => {
    await using root = await makeTree()
    const { sample, logged } = await sampleTree(join(fixtures, 'pi'), root.path)
    const temperatures = Object.entries(sample.metrics).filter(([name]) => name.startsWith('temperature'))
    assert.deepEqual(temperatures, [['temperature_celsius{sensor="cpu_thermal temp1"}', 48.3]])
    assert.equal(sample.metrics['memory_percent'], 15.36)
    assert.equal(logged.length, 1)
    assert.match(
      logged[0] ?? '',
      /^info: source double: cannot be read.*pressure\/cpu \(ENOENT\).*etc\/machine-id \(ENO/,
    )
  })

  test('with several drives alike names them by their device', async () => {
    const sys = await makeTree({
      'devices/nvme/nvme0/x': '',
      'devices/nvme/nvme1/x': '',
      'class/hwmon/hwmon0/name': 'nvme\n',
      'class/hwmon/hwmon0/device': '->../../../devices/nvme/nvme0',
      'class/hwmon/hwmon0/temp1_label': 'Composite\n',
      'class/hwmon/hwmon0/temp1_input': '38850\n',
      'class/hwmon/hwmon10/name': 'nvme\n',
      'class/hwmon/hwmon10/device': '->../../../devices/nvme/nvme1',
      'class/hwmon/hwmon10/temp1_label': 'Composite\n',
      'class/hwmon/hwmon10/temp1_input': '40000\n',
      'class/hwmon/hwmon10/temp2_input': 'nonsense\n',
      'class/thermal/thermal_zone0/type': 'x86_pkg_temp\n',
      'class/thermal/thermal_zone0/temp': '51000\n',
    })
    await using tree = sys
    await cp(join(fixtures, 'pi/proc'), join(tree.path, 'proc'), { recursive: true })
    await symlink('.', join(tree.path, 'sys'))
    const { sample } = await sampleTree(tree.path, tree.path)
    const temperatures = Object.entries(sample.metrics).filter(([name]) => name.startsWith('temperature'))
    assert.deepEqual(temperatures, [
      ['temperature_celsius{sensor="nvme nvme0 Composite"}', 38.9],
      ['temperature_celsius{sensor="nvme nvme1 Composite"}', 40],
      ['temperature_celsius{sensor="x86_pkg_temp"}', 51],
    ])
  })

  test('where there is nothing, or nothing but garbage, is one with no series, and one line', async () => {
    const garbage = Object.fromEntries(
      ['stat', 'meminfo', 'loadavg', 'uptime', 'pressure/cpu', 'self/mountinfo', 'sys/kernel/random/boot_id'].map(
        (name) => [`proc/${name}`, '\u0000\ufffd - 12 kB: some avg10'],
      ),
    )
    for (const files of [{}, garbage]) {
      await using tree = await makeTree(files)
      const { sample, logged } = await sampleTree(tree.path, tree.path)
      assert.deepEqual(
        Object.keys(sample.metrics).filter((name) => !name.startsWith('disk_')),
        [],
      )
      assert.equal(logged.length, 1)
    }
  })
})

describe('this machine', () => {
  test('is seen as free, df, uptime and a node_exporter see it in the same second', async () => {
    await using exporter = await startNodeExporter()
    const source = await startSource(host, { every: '1s' })
    await until(() => source.facts.length > 1)
    const [free, df, inodes, uptime, page] = await Promise.all([
      run('free', ['-b'], { env: { ...process.env, LC_ALL: 'C' } }),
      run('df', ['-B1', '-P', '/']),
      run('df', ['-P', '-i', '/']),
      run('cat', ['/proc/uptime']),
      exporter.page(),
    ])
    const count = source.facts.length
    await until(() => source.facts.length > count)
    source.stop()
    const { metrics, bootId, uptimeSeconds = 0 } = sampleOf(source.facts.at(-1))
    const value = (begin: string): number =>
      Number(
        page
          .split('\n')
          .find((line) => line.startsWith(begin))
          ?.split(' ')
          .at(-1),
      )
    const near = (series: string, expected: number, within: number): void => {
      const found = metrics[series] ?? assert.fail(`${series} is missing`)
      assert.ok(Math.abs(found - expected) <= within, `${series} is ${found}, not about ${expected}`)
    }
    // Others work on this machine meanwhile: amounts may move by this much within the second.
    const some = 512 * 1024 * 1024

    const [total = 0, used = 0, freeBytes = 0, , cache = 0, available = 0] = numbersOf(free.stdout, 'Mem:')
    assert.equal(metrics['memory_total'], total)
    near('memory_free', freeBytes, some)
    near('memory_avail', available, some)
    near('memory_used', total - freeBytes - cache, some)
    assert.ok(used > 0)
    assert.equal(metrics['memory_total'], value('node_memory_MemTotal_bytes '))
    near('memory_avail', value('node_memory_MemAvailable_bytes '), some)
    const [swap = 0, swapUsed = 0] = numbersOf(free.stdout, 'Swap:')
    assert.equal(metrics['swap_total'], swap)
    near('swap_used', swapUsed, some)

    const [size = 0, diskUsed = 0, left = 0, percent = 0] = numbersOf(df.stdout, '/')
    assert.equal(metrics['disk_usage_total'], size)
    near('disk_usage_used', diskUsed, some)
    near('disk_usage_free', left, some)
    // df rounds up.
    near('disk_usage_percent', percent - 0.5, 0.9)
    const mount = 'mountpoint="/"}'
    const filesystem = (name: string): number =>
      Number(
        page
          .split('\n')
          .find((line) => line.startsWith(`node_filesystem_${name}{`) && line.includes(mount))
          ?.split(' ')
          .at(-1),
      )
    assert.equal(metrics['filesystem_total{mount="/"}'] ?? metrics['disk_usage_total'], filesystem('size_bytes'))
    near('disk_usage_free', filesystem('avail_bytes'), some)
    if (metrics['filesystem_inodes_percent{mount="/"}'] !== undefined)
      near('filesystem_inodes_percent{mount="/"}', (numbersOf(inodes.stdout, '/')[3] ?? 0) - 0.5, 0.9)

    const cores = new Set(page.match(/(?<=^node_cpu_seconds_total\{cpu=")\d+/gm))
    assert.equal(metrics['cpu_count'], cores.size)
    for (const minutes of [1, 5, 15]) near(`load_${minutes}`, value(`node_load${minutes} `), 1)
    const up = Number(uptime.stdout.split(' ')[0])
    near('uptime_seconds', up, 30)
    near('uptime_seconds', value('node_time_seconds ') - value('node_boot_time_seconds '), 30)
    assert.equal(uptimeSeconds, metrics['uptime_seconds'])
    assert.equal(bootId, (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim())
    const busy = metrics['cpu_percent'] ?? assert.fail()
    assert.ok(busy >= 0 && busy <= 100)
  })

  test('that is busy shows it', async () => {
    const source = await startSource(host, { every: '1s' })
    await until(() => source.facts.length > 0)
    const first = source.facts.length
    while (source.facts.length <= first + 2) {
      const stopAt = performance.now() + 50
      while (performance.now() < stopAt);
      await wait(1)
    }
    source.stop()
    // One of its cores has done nothing else, unless others wanted it as well: then it was as busy with those.
    const { cpu_percent = 0, cpu_count = 1 } = sampleOf(source.facts.at(-1)).metrics
    assert.ok(cpu_percent >= 60 / cpu_count, `${cpu_percent} with ${cpu_count} cores`)
  })
})

describe('the source', () => {
  test('samples at once, then at whole multiples of its interval', async () => {
    const source = await startSource(host, { every: '1s' }, { now: Date.now })
    await until(() => source.facts.length > 2)
    source.stop()
    await source.ended
    const [first, ...later] = source.facts.map(({ time = 0 }) => time)
    for (const time of later) assert.ok(time % 1000 < 500, `${time}`)
    assert.ok(first !== undefined && first < (later[0] ?? 0))
    assert.equal('cpu_percent' in sampleOf(source.facts[0]).metrics, false)
    assert.equal('cpu_percent' in sampleOf(source.facts.at(-1)).metrics, true)
    assert.equal(sampleOf(source.facts[0]).everySeconds, 1)
  })

  test('samples at once when asked, and for itself only', async () => {
    const source = await startSource(host)
    await until(() => source.facts.length === 1)
    await source.recheck({ name: sampleFact, key: 'hub', body: {} })
    assert.equal(source.facts.length, 2)
    const { name, key, host: of } = source.facts[1] ?? assert.fail()
    assert.deepEqual([name, key, of], [sampleFact, 'hub', 'hub'])
    await assert.rejects(source.recheck({ name: sampleFact, key: 'other', body: {} }), /looks at hub alone/)
    source.full = true
    await assert.rejects(source.recheck({ name: sampleFact, key: 'hub', body: {} }), /the disk is full/)
    source.stop()
  })

  test('goes on when its samples cannot be stored, and says so once', async () => {
    const source = await startSource(host, { every: '1s' }, { now: Date.now })
    await until(() => source.facts.length > 0)
    source.full = true
    const before = source.facts.length
    await wait(2200)
    assert.equal(source.facts.length, before)
    source.full = false
    await until(() => source.facts.length > before)
    source.stop()
    assert.equal(source.logged.filter((line) => line.includes('cannot be stored')).length, 1)
  })

  test('is not held up in its end by a file system that hangs', async () => {
    await using tree = await makeTree({
      stat: '#!/bin/sh\nexec sleep 20\n',
      'proc/self/mountinfo': '48 28 0:50 / /mnt/nas rw - nfs4 nas:/export rw\n',
    })
    const kind = createHost({ systemctl: 'systemctl', stat: join(tree.path, 'stat'), run: tree.path })
    const source = await startSource(kind, { proc: join(tree.path, 'proc') })
    source.stop()
    await Promise.race([source.ended, wait(5000).then(() => assert.fail('it still runs'))])
    assert.equal(source.facts.length, 0)
  })

  test('refuses options that mean nothing', () => {
    for (const given of [{ every: '100ms' }, { proc: 'proc' }, { root: '' }, { mounts: [] }])
      assert.equal(host.options.safeParse(given).success, false, JSON.stringify(given))
  })
})

describe('systemd', () => {
  const systemctl = `#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
case $1 in
is-system-running) cat "$(dirname "$0")/state"; exit 1 ;;
list-units) printf 'nginx.service loaded failed failed A web server\\nmnt-nas.mount loaded failed failed /mnt/nas\\n' ;;
*) exit 64 ;;
esac
`

  async function startWith(files: { readonly [name: string]: string }) {
    const tree = await makeTree({ systemctl, ...files })
    const kind = createHost({ systemctl: join(tree.path, 'systemctl'), stat: 'stat', run: tree.path })
    const source = await startSource(kind, { every: '1s' }, { now: Date.now })
    await until(() => source.facts.length > 0)
    return { ...source, source, tree }
  }

  test('names units that have failed, and is asked once a minute', async () => {
    const { source, tree } = await startWith({ 'systemd/system/.keep': '', state: 'degraded' })
    await using _ = tree
    await until(() => source.facts.length > 2)
    for (const fact of source.facts) {
      assert.equal(sampleOf(fact).metrics['failed_units'], 2)
      assert.deepEqual(sampleOf(fact).failedUnits, ['nginx.service', 'mnt-nas.mount'])
    }
    const calls = await readFile(join(tree.path, 'calls'), 'utf8')
    assert.equal(calls, 'list-units --state=failed --plain --full --no-legend --no-pager\n')
    source.stop()
    await source.ended
    assert.equal(source.facts.at(-1)?.name, sampleFact)
  })

  test('that does not answer is told of once, and there is no figure', async () => {
    const { source, tree } = await startWith({ 'systemd/system/.keep': '', systemctl: '#!/bin/sh\nexit 1\n' })
    await using _ = tree
    assert.equal(source.logged.filter((line) => line.includes('systemctl')).length, 1)
    assert.equal('failed_units' in sampleOf(source.facts[0]).metrics, false)
    source.stop()
    await source.ended
  })

  test('where there is none is not asked', async () => {
    const { source, tree } = await startWith({})
    await using _ = tree
    assert.equal(sampleOf(source.facts[0]).failedUnits, undefined)
    await assert.rejects(readFile(join(tree.path, 'calls')))
    source.stop()
    await source.ended
    assert.equal(source.facts.filter(({ name }) => name === 'host.stopping').length, 0)
  })

  for (const [what, files] of [
    ['systemd says so', { 'systemd/system/.keep': '', state: 'stopping\n' }],
    ['there is no systemd and nobody may log in any more', { nologin: '' }],
    ['systemd no longer answers and nobody may log in', { 'systemd/system/.keep': '', state: '', nologin: '' }],
  ] as const)
    test(`a machine that stops is told of when ${what}`, async () => {
      const { source, tree } = await startWith(files)
      await using _ = tree
      source.stop()
      await Promise.race([source.ended, wait(5000).then(() => assert.fail('it did not end'))])
      const { name, key, host: of, data } = source.facts.at(-1) ?? assert.fail()
      assert.deepEqual([name, key, of], ['host.stopping', 'hub', 'hub'])
      assert.match(JSON.stringify(data['bootId']), /^"[0-9a-f-]{36}"$/)
    })

  test('a machine that goes on is not, although nobody may log in yet', async () => {
    const { source, tree } = await startWith({ 'systemd/system/.keep': '', state: 'starting\n', nologin: '' })
    await using _ = tree
    source.stop()
    await source.ended
    assert.equal(source.facts.at(-1)?.name, sampleFact)
  })
})

/** Numbers of the line that begins or ends so. */
function numbersOf(text: string, word: string): number[] {
  const line = text.split('\n').find((one) => one.startsWith(`${word} `) || one.endsWith(` ${word}`)) ?? ''
  return line.split(/\s+/).slice(1).map(Number.parseFloat)
}

async function until(isSo: () => boolean): Promise<void> {
  for (const giveUpAt = performance.now() + 15_000; !isSo(); await wait(10))
    if (performance.now() > giveUpAt) assert.fail('it did not come about')
}
