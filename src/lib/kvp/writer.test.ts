// What is written to a pool stands there once, whole, whoever else writes it, and whatever the disk and the clock do.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { encodeEvent } from './encode.ts'
import type { KvpEvent } from './event.ts'
import { findLocks } from './locks.ts'
import { readEvents } from './read-events.ts'
import { decodeRecords, encodeRecords, recordBytes } from './record.ts'
import { withPool } from './open-pool.ts'
import { createPoolFile } from './pool-file.ts'
import { createReporter } from './reporter.ts'
import type { Reporter, ReporterOptions } from './reporting.ts'

const python = '/usr/bin/python3'
const found = await findLocks()
const locks = found.ok ? found.locks : undefined
const start: KvpEvent = { type: 'start', name: 'boot', description: 'begins', at: Date.UTC(2026, 10, 26) }
const warnings: string[] = []

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sereno-kvp-'))
  path = join(folder, 'pool')
  warnings.length = 0
  setBoot('first-boot', 1_700_000_000)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('both kinds of locks are there', () => {
  assert.deepEqual(found.ok, true, found.ok ? '' : found.detail)
})

describe('appending', () => {
  test('what comes at once is one append, in order, each event a record', async () => {
    await using reporter = reporterOf()
    for (let number = 0; number < 100; number++) reporter.publish({ ...start, name: `stage-${number}` })
    assert.deepEqual(await reporter.flush(2000), { waiting: 0 })
    assert.deepEqual(
      namesIn(path),
      Array.from({ length: 100 }, (_, number) => `stage-${number}`),
    )
    assert.equal(reporter.status.written, 100)
  })

  test('the pool of its daemon is left as it is, and made when the folder is there', async () => {
    await using reporter = reporterOf()
    assert.deepEqual(await reporter.write(start), { ok: true })
    assert.equal(statSync(path).mode & 0o777, 0o644 & ~process.umask())
    const inode = statSync(path).ino
    assert.deepEqual(await reporter.write(start), { ok: true })
    assert.equal(statSync(path).ino, inode)
  })

  test('a torn record at the end is cut off, so that all behind it can be read', async () => {
    writeFileSync(path, Buffer.concat([encodeRecords([{ key: 'HostName', value: 'h' }]), Buffer.from('torn')]))
    await using reporter = reporterOf()
    assert.deepEqual(await reporter.write(start), { ok: true })
    assert.deepEqual(
      decodeRecords(readFileSync(path)).map(({ problem }) => problem),
      [undefined, undefined],
    )
    assert.equal(reporter.status.repaired, 1)
  })

  test('an event that cannot be said is refused, and its neighbours are written', async () => {
    await using reporter = reporterOf()
    const ends = await Promise.all([
      reporter.write(start),
      reporter.write({ ...start, at: Number.NaN }),
      reporter.write({ ...start, name: '\ud800' }),
    ])
    assert.deepEqual(
      ends.map((end) => (end.ok ? 'ok' : end.reason)),
      ['ok', 'invalid', 'ok'],
    )
    assert.deepEqual(namesIn(path), ['boot', '\ufffd'])
  })

  test('a file that took the place of the pool gets what comes then', async () => {
    await using reporter = reporterOf()
    await reporter.write(start)
    renameSync(path, join(folder, 'old'))
    rmSync(join(folder, 'old'))
    assert.deepEqual(await reporter.write({ ...start, name: 'next' }), { ok: true })
    assert.ok(namesIn(path).includes('next'))
  })

  test('nothing is written to what is no file', async () => {
    mkdirSync(path)
    await using reporter = reporterOf()
    const end = await reporter.write(start)
    assert.ok(!end.ok)
    assert.match(end.detail, /it is a folder/)
    execFileSync('mkfifo', [join(folder, 'pipe')])
    await using other = reporterOf({ path: join(folder, 'pipe') })
    const second = await other.write(start)
    assert.match(second.ok ? '' : second.detail, /is no file/)
  })
})

describe('beside other programs', () => {
  for (const [kind, code] of [
    ['flock', 'fcntl.flock(f, fcntl.LOCK_EX)'],
    ['a record lock', 'fcntl.lockf(f, fcntl.LOCK_EX)'],
  ] as const)
    test(`it waits while another holds ${kind}, but not for ever`, async () => {
      writeFileSync(path, '')
      const holder = spawn(python, [
        '-c',
        `import fcntl,sys\nf=open(${JSON.stringify(path)},'r+b')\n${code}\nprint('held',flush=True)\nsys.stdin.read()`,
      ])
      try {
        await once(holder.stdout, 'data')
        await using hasty = reporterOf({ lockWaitMs: 60 })
        const end = await hasty.write(start)
        assert.equal(end.ok ? 'ok' : end.reason, 'locked')
        assert.equal(statSync(path).size, 0)
        await using patient = reporterOf({ lockWaitMs: 20_000 })
        const later = patient.write(start)
        await wait(30)
        holder.stdin.end()
        assert.deepEqual(await later, { ok: true })
      } finally {
        holder.kill('SIGKILL')
      }
    })

  test('a pool that is closed while an append waits for the locks ends that first, and writes nowhere else', async () => {
    writeFileSync(path, '')
    const other = join(folder, 'other')
    writeFileSync(other, 'mine')
    const pool = createPoolFile({ path, locks, lockWaitMs: 20_000 })
    assert.ok((await pool.append(() => [{ key: 'a', value: '1' }])).ok)
    const holder = spawn(python, [
      '-c',
      `import fcntl,sys\nf=open(${JSON.stringify(path)},'r+b')\nfcntl.flock(f,fcntl.LOCK_EX)\nprint('held',flush=True)\nsys.stdin.read()`,
    ])
    try {
      await once(holder.stdout, 'data')
      const waiting = pool.append(() => [{ key: 'b', value: '2' }])
      const closing = pool.close()
      // They would get the number of a file that was closed too early.
      const files = Array.from({ length: 8 }, () => openSync(other, 'r+'))
      await wait(40)
      holder.stdin.end()
      const end = await waiting
      await closing
      for (const file of files) closeSync(file)
      assert.equal(readFileSync(other, 'utf8'), 'mine')
      assert.ok(end.ok)
      assert.equal(statSync(path).size, 2 * recordBytes)
      assert.equal((await pool.append(() => [])).ok, false)
    } finally {
      holder.kill('SIGKILL')
    }
  })

  test('another program gets neither lock while the pool is written', async () => {
    writeFileSync(path, '')
    const seen: string[] = []
    const script = `import fcntl,sys\nf=open(sys.argv[1],'r+b')\ndef t(w):\n try:\n  w(f,fcntl.LOCK_EX|fcntl.LOCK_NB)\n  return 'got'\n except OSError: return 'refused'\nprint(t(fcntl.flock),t(fcntl.lockf))`
    await withPool({ path, locks, lockWaitMs: 100 }, 'exclusive', () =>
      seen.push(execFileSync(python, ['-c', script, path], { encoding: 'utf8' }).trim()),
    )
    seen.push(execFileSync(python, ['-c', script, path], { encoding: 'utf8' }).trim())
    assert.deepEqual(seen, ['refused refused', 'got got'])
  })

  test('records that a rewrite has lost are appended again, once', async () => {
    await using reporter = reporterOf()
    await reporter.write({ ...start, name: 'kept' })
    const before = readFileSync(path)
    await Promise.all(['lost-1', 'lost-2'].map((name) => reporter.write({ ...start, name })))
    writeFileSync(path, before)
    await reporter.settle()
    await reporter.settle()
    assert.deepEqual(namesIn(path), ['kept', 'lost-1', 'lost-2'])
    assert.equal(reporter.status.again, 2)
    // Another writer has taken the place of what was lost.
    writeFileSync(path, Buffer.concat([before, encodeRecords([{ key: 'Other', value: 'x' }]), before]))
    await reporter.write({ ...start, name: 'last' })
    assert.deepEqual(namesIn(path), ['kept', 'kept', 'lost-1', 'lost-2', 'last'])
  })
})

describe('when the pool cannot be written', () => {
  test('a missing folder is said, the events wait, and are written when it is there', async () => {
    path = join(folder, 'hyperv/pool')
    await using reporter = reporterOf()
    reporter.publish(start)
    const { waiting, detail } = await reporter.flush(50)
    assert.equal(waiting, 1)
    assert.match(detail ?? '', /its folder is not there/)
    assert.equal(reporter.status.state, 'absent')
    assert.equal(warnings.length, 1)
    mkdirSync(dirname(path))
    assert.deepEqual(await reporter.flush(2000), { waiting: 0 })
    assert.deepEqual(namesIn(path), ['boot'])
  })

  test('what was tried once is refused, and not written later', async () => {
    path = join(folder, 'hyperv/pool')
    await using reporter = reporterOf()
    const end = await reporter.write(start)
    assert.equal(end.ok ? 'ok' : end.reason, 'absent')
    mkdirSync(dirname(path))
    await reporter.flush(100)
    assert.deepEqual(existsSync(path) ? namesIn(path) : [], [])
  })

  test('a read-only disk is said', { skip: !canMount() && 'mounting is forbidden' }, async () => {
    const top = join(folder, 'disk')
    mkdirSync(top)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=64k', 'none', top])
    try {
      path = join(top, 'pool')
      await using reporter = reporterOf()
      const end = await reporter.write(start)
      assert.equal(end.ok ? 'ok' : end.reason, 'forbidden')
      assert.match(end.ok ? '' : end.detail, /its disk is read-only/)
    } finally {
      execFileSync('umount', ['-l', top])
    }
  })

  test(
    'a full disk leaves the pool whole and the batch kept',
    { skip: !canMount() && 'mounting is forbidden' },
    async () => {
      const top = join(folder, 'disk')
      mkdirSync(top)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', top])
      try {
        path = join(top, 'pool')
        await using reporter = reporterOf()
        for (let number = 0; number < 40; number++) reporter.publish({ ...start, name: `stage-${number}` })
        const { waiting, detail } = await reporter.flush(200)
        assert.equal(waiting, 40)
        assert.match(detail ?? '', /disk is full/)
        assert.equal(statSync(path).size, 0)
        execFileSync('mount', ['-o', 'remount,size=1m', top])
        assert.deepEqual(await reporter.flush(5000), { waiting: 0 })
        assert.equal(statSync(path).size % recordBytes, 0)
        assert.equal(namesIn(path).length, 40)
        // So it is when only a part of a batch fits.
        const full = statSync(path).size
        execFileSync('mount', ['-o', 'remount,size=128k', top])
        for (let number = 40; number < 80; number++) reporter.publish({ ...start, name: `stage-${number}` })
        assert.equal((await reporter.flush(200)).waiting, 40)
        assert.equal(statSync(path).size, full)
        execFileSync('mount', ['-o', 'remount,size=1m', top])
        assert.deepEqual(await reporter.flush(5000), { waiting: 0 })
        assert.equal(new Set(namesIn(path)).size, 80)
      } finally {
        execFileSync('umount', ['-l', top])
      }
    },
  )

  test('a flush ends by its deadline, whatever holds the pool, and says that something waits', async () => {
    writeFileSync(path, '')
    await using entered = reporterOf({ lockWaitMs: 20_000 })
    await entered.write(start)
    const holder = spawn(python, [
      '-c',
      `import fcntl,sys\nf=open(${JSON.stringify(path)},'r+b')\nfcntl.flock(f,fcntl.LOCK_EX)\nprint('held',flush=True)\nsys.stdin.read()`,
    ])
    try {
      await once(holder.stdout, 'data')
      await using fresh = reporterOf({ lockWaitMs: 20_000 })
      for (const reporter of [entered, fresh]) {
        reporter.publish(start)
        const { waiting, detail } = await reporter.flush(50)
        assert.equal(waiting, 1)
        assert.match(detail ?? '', /is held by another program/)
      }
      assert.equal(statSync(path).size, recordBytes)
      holder.stdin.end()
      for (const reporter of [entered, fresh]) assert.deepEqual(await reporter.flush(20_000), { waiting: 0 })
      assert.equal(statSync(path).size, 3 * recordBytes)
    } finally {
      holder.kill('SIGKILL')
    }
  })
})

describe('without locks', () => {
  test('one write at the end of the file keeps whole what others append', async () => {
    await using reporter = reporterOf({ locks: undefined })
    assert.equal(reporter.status.locks, 'none')
    assert.deepEqual(await reporter.write(start), { ok: true })
    appendFileSync(path, encodeRecords([{ key: 'Other', value: 'x' }]))
    assert.deepEqual(await reporter.write({ ...start, name: 'next' }), { ok: true })
    assert.deepEqual(namesIn(path), ['boot', 'next'])
  })

  test('a torn record is filled up and not cut off, since another may be writing it', async () => {
    writeFileSync(path, 'CLOUD_INIT|1|torn')
    await using reporter = reporterOf({ locks: undefined })
    assert.deepEqual(await reporter.write(start), { ok: true })
    assert.equal(statSync(path).size, 2 * recordBytes)
    assert.deepEqual(namesIn(path), ['boot'])
  })

  test('nothing of an earlier boot is cleared away', async () => {
    await writeOnce('old')
    setBoot('next-boot', 1_700_009_999)
    await writeOnce('new', { locks: undefined })
    assert.deepEqual(namesIn(path), ['old', 'new'])
  })
})

describe('boots', () => {
  test('the first of a boot clears away what our earlier boots left, and nothing of others', async () => {
    await writeOnce('old')
    appendFileSync(path, encodeRecords([{ key: 'CLOUD_INIT|1700000000|start|init|u', value: '{}' }]))
    await writeOnce('old-2')
    setBoot('next-boot', 1_700_009_999)
    await using reporter = reporterOf()
    await reporter.write({ ...start, name: 'new' })
    assert.equal(reporter.status.cleared, 2)
    assert.deepEqual(
      decodeRecords(readFileSync(path)).map(({ key }) => key.split('|').slice(0, 4).join('|')),
      ['CLOUD_INIT|1700000000|start|init', 'SERENO|1700009999|start|new'],
    )
  })

  test('where nobody else writes earlier, the records of others are cleared away too', async () => {
    await writeOnce('old')
    appendFileSync(path, encodeRecords([{ key: 'CLOUD_INIT|1700000000|start|init|u', value: '{}' }]))
    setBoot('next-boot', 1_700_009_999)
    await writeOnce('new', { foreign: 'drop' })
    assert.deepEqual(namesIn(path), ['new'])
    assert.equal(statSync(path).size, recordBytes)
  })

  test('a clock set by ten years, and a file as old, clear away nothing of this boot', async () => {
    await writeOnce('before')
    for (const years of [10, -10]) {
      setBoot('first-boot', 1_700_000_000 + years * 365 * 86_400)
      const then = 1_700_000_000 - years * 365 * 86_400
      utimesSync(path, then, then)
      await writeOnce(`after-${years}`)
    }
    assert.deepEqual(namesIn(path), ['before', 'after-10', 'after--10'])
    // And all of them say the same of when it began.
    const incarnations = decodeRecords(readFileSync(path)).map(({ key }) => key.split('|')[1])
    assert.deepEqual(new Set(incarnations), new Set(['1700000000']))
  })

  test('who cannot leave a marker clears away nothing', async () => {
    await writeOnce('old')
    setBoot('next-boot', 1_700_009_999)
    writeFileSync(join(folder, 'file'), '')
    await writeOnce('new', { markerFolder: join(folder, 'file') })
    assert.deepEqual(namesIn(path), ['old', 'new'])
  })

  test('an uptime that cannot be read is no reason to stop', async () => {
    rmSync(join(folder, 'proc'), { recursive: true })
    await writeOnce('boot')
    assert.match(decodeRecords(readFileSync(path))[0]?.key ?? '', /^SERENO\|0\|start\|boot\|/)
  })
})

test('a name of 1,100 characters is written', async () => {
  await writeOnce('n'.repeat(1100))
  assert.equal(eventsIn(path)[0]?.description, 'begins')
})

test('a pool that was emptied long after is not filled again', async () => {
  await using reporter = reporterOf()
  await reporter.write(start)
  await wait(5100)
  truncateSync(path)
  await reporter.write({ ...start, name: 'next' })
  assert.deepEqual(namesIn(path), ['next'])
})

function reporterOf(change: Partial<ReporterOptions> = {}): Reporter {
  return createReporter({
    path,
    prefix: 'SERENO',
    encode: encodeEvent,
    locks,
    markerFolder: join(folder, 'run'),
    proc: join(folder, 'proc'),
    now: () => start.at,
    warn: (message) => warnings.push(message),
    ...change,
  })
}

async function writeOnce(name: string, change: Partial<ReporterOptions> = {}): Promise<void> {
  await using reporter = reporterOf(change)
  assert.deepEqual(await reporter.write({ ...start, name }), { ok: true })
}

function eventsIn(file: string) {
  const { events } = readEvents(decodeRecords(readFileSync(file)))
  return [...events].sort(([a], [b]) => a - b).map(([, event]) => event)
}

function namesIn(file: string): string[] {
  return eventsIn(file).map(({ name }) => name)
}

/** What the kernel says of the boot. */
function setBoot(id: string, beganAt: number): void {
  const proc = join(folder, 'proc')
  mkdirSync(join(proc, 'sys/kernel/random'), { recursive: true })
  writeFileSync(join(proc, 'sys/kernel/random/boot_id'), `${id}\n`)
  writeFileSync(join(proc, 'stat'), `cpu  1 2 3\nbtime ${beganAt}\nprocesses 5\n`)
}

function canMount(): boolean {
  const top = mkdtempSync(join(tmpdir(), 'sereno-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', top], { stdio: 'ignore' })
    execFileSync('umount', [top])
    return true
  } catch {
    return false
  } finally {
    rmSync(top, { recursive: true, force: true })
  }
}
