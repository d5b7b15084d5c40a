// The disk is full, a file may not grow, nothing can be written: refused with 503, nothing half-kept, and well again without a restart.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createHubHouse, type HubHouse } from '../support/hub-house.ts'

const text = (log: string): string => `
sources:
  app: { kind: log, path: ${JSON.stringify(log)}, from: beginning, match: 'order' }
channels:
  out: { kind: console }
rules:
  - { name: all, on: [message, log.line], to: [out] }
`

describe('a store that cannot be written', () => {
  test('as its file may not grow: 503 until the limit is raised', async () => {
    await using house = await createHubHouse()
    const log = join(house.folder, 'app.log')
    await house.configure(text(log))
    const hub = await house.start({ through: ['prlimit', '--fsize=600000:unlimited'] })
    const accepted = [...(await fillWith(house, 'x'.repeat(20_000))), ...(await fillWith(house, 'x'))]
    await refuses(house)
    limitFileSize(hub.pid, 'unlimited')
    accepted.push(...(await recovers(house)))
    await endsWell(house, accepted)
  })

  test('as the disk is full: the log waits, and each of its lines is told once afterwards', async () => {
    using disk = createSmallDisk()
    await using house = await createHubHouse({ data: disk.folder })
    const log = join(house.folder, 'app.log')
    await house.configure(text(log))
    writeFileSync(log, '')
    const hub = await house.start()
    const accepted = [await accept(house, 'before')]
    disk.fill(hub.pid)
    await fillWith(house, 'x').then((more) => accepted.push(...more))
    await refuses(house)
    const lines = Array.from({ length: 300 }, (_, index) => `order ${index} ${'y'.repeat(200)}`)
    for (const line of lines) appendFileSync(log, `${line}\n`)
    await house.until('the tail has met it', () => hub.output().includes('the store refused what was read'))
    await refuses(house)
    disk.free(hub.pid)
    accepted.push(...(await recovers(house)))
    const read = (): Promise<number> => house.metric('sereno_events_total', 'type="log.line"')
    await house.until('the log is read', async () => (await read()) === lines.length)
    const audit = await endsWell(house, accepted)
    const found = audit.events.filter(({ type }) => type === 'log.line').map(({ data }) => data['line'])
    assert.deepEqual(found, lines, 'every line, once and in order')
  })

  test('as it is read-only: 503 until it is not', async () => {
    await using house = await createHubHouse()
    await house.configure(text(join(house.folder, 'app.log')))
    const hub = await house.start()
    const accepted = [await accept(house, 'before')]
    const undo = makeReadOnly(house, hub.pid)
    try {
      await refuses(house)
      await house.configure(text(join(house.folder, 'other.log')))
      hub.kill('SIGHUP')
      await house.until('the reload is refused', () => hub.output().includes('could not be put into force'))
      await refuses(house)
    } finally {
      undo()
    }
    accepted.push(...(await recovers(house)))
    await endsWell(house, accepted)
  })
})

async function accept(house: HubHouse, message: string): Promise<string> {
  const answer = await house.post(message)
  assert.equal(answer.status, 200, answer.text)
  return message
}

/** One may be refused for what is stored together with it, such as how the sending of another went; so many are not. */
const refusedInRow = 20

/**
 * Posts until the store is full; returns what was accepted. What does not fit leaves room for what is smaller: it is
 * full for all when the smallest is refused, as its journal is put back to the beginning at 64 MB only.
 */
async function fillWith(house: HubHouse, padding: string): Promise<string[]> {
  const accepted: string[] = []
  for (let index = 0, refused = 0; index < 5000; index += 1) {
    const message = `filling ${index} ${padding}`
    if ((await house.post(message)).status === 200) {
      accepted.push(message)
      refused = 0
    } else if (++refused === refusedInRow) return accepted
  }
  throw new Error('the store was never full')
}

async function refuses(house: HubHouse): Promise<void> {
  const answer = await house.post('while it cannot be stored '.repeat(500))
  assert.equal(answer.status, 503)
  assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/)
  assert.match(answer.text, /could not be stored \(.*\); nothing of it was kept/)
  assert.equal((await house.ask('/readyz')).status, 503)
}

/** Ready again by itself, before anything else is sent. */
async function recovers(house: HubHouse): Promise<readonly string[]> {
  await house.until('it is ready again', async () => (await house.ask('/readyz')).status === 200)
  return [await accept(house, 'afterwards')]
}

async function endsWell(house: HubHouse, accepted: readonly string[]): ReturnType<HubHouse['audit']> {
  await house.until('all is told', async () => (await house.metric('sereno_outbox_waiting')) === 0)
  await house.stop()
  const audit = await house.audit()
  assert.deepEqual(audit.faults.slice(0, 5), [])
  const kept = audit.events.filter(({ type }) => type === 'message').map(({ data }) => data['message'])
  assert.deepEqual(kept, accepted, 'exactly what was accepted')
  const matched = audit.events.filter(({ type }) => type === 'message' || type === 'log.line')
  assert.equal(audit.verdicts.length, matched.length)
  assert.equal(audit.deliveries.filter(({ state }) => state === 'delivered').length, matched.length)
  return audit
}

function limitFileSize(pid: number, limit: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${limit}:`])
}

/** By the file system where that is possible, else no byte of any file may be written by the hub. */
function makeReadOnly(house: HubHouse, pid: number): () => void {
  const files = ['', '-wal'].map((suffix) => house.store + suffix)
  const mark = (sign: string): void => void execFileSync('chattr', [sign, ...files], { stdio: 'ignore' })
  try {
    mark('+i')
    return () => mark('-i')
  } catch {
    limitFileSize(pid, '0')
    return () => limitFileSize(pid, 'unlimited')
  }
}

interface SmallDisk extends Disposable {
  readonly folder: string
  /** Leaves no room at all. */
  fill(pid: number): void
  free(pid: number): void
}

const mostBytes = 256 * 1024 * 1024

/**
 * A file system of 48 MB, so that the store's journal has room; where mounting is forbidden, the small shared memory of
 * a container; where that is large, the hub alone is kept from writing.
 */
function createSmallDisk(): SmallDisk {
  const top = mkdtempSync(join(tmpdir(), 'sereno-disk-'))
  const isMounted = mountAt(top)
  const isShared = !isMounted && isSmall('/dev/shm')
  const place = isShared ? mkdtempSync('/dev/shm/sereno-disk-') : top
  const ballast = join(place, 'ballast')
  const folder = join(place, 'data')
  mkdirSync(folder)
  const hasEnd = isMounted || isShared
  return {
    folder,
    fill(pid) {
      if (!hasEnd) return limitFileSize(pid, '0')
      for (const size of [1024 * 1024, 4096, 1]) appendUntilFull(ballast, Buffer.alloc(size))
    },
    free: (pid) => (hasEnd ? rmSync(ballast) : limitFileSize(pid, 'unlimited')),
    [Symbol.dispose]() {
      if (isMounted) execFileSync('umount', ['-l', top])
      for (const path of [place, top]) rmSync(path, { recursive: true, force: true })
    },
  }
}

function mountAt(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'none', path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function isSmall(path: string): boolean {
  if (!existsSync(path)) return false
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize <= mostBytes
}

function appendUntilFull(path: string, bytes: Buffer): void {
  for (;;) {
    try {
      appendFileSync(path, bytes)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return
      throw error
    }
  }
}
