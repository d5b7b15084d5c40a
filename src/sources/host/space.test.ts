// File systems that do not answer: they hold nothing up, and are asked once at a time.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { Mount } from '../../lib/mounts.ts'
import { createPatience } from './patience.ts'
import { createSpaces } from './space.ts'

interface Place extends AsyncDisposable {
  readonly folder: string
  /** A program in place of stat, which notes each call. */
  stat(then: string): Promise<string>
  calls(): Promise<number>
}

async function open(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-space-'))
  return {
    folder,
    async stat(then) {
      const path = join(folder, 'stat')
      await writeFile(path, `#!/bin/sh\necho "$@" >> ${folder}/calls\n${then}\n`, { mode: 0o755 })
      return path
    },
    async calls() {
      const text = await readFile(join(folder, 'calls'), 'utf8').catch(() => '')
      return text.split('\n').length - 1
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

const nas: Mount = { point: '/mnt/nas', type: 'nfs4', source: 'nas:/export', device: '0:50', root: '/' }
const { signal } = new AbortController()
const disk: Mount = { point: '/', type: 'ext4', source: '/dev/vda', device: '8:1', root: '/' }

test('a server that is gone is asked once at a time, and the rest is told all the same', async () => {
  await using place = await open()
  const said: string[] = []
  const stat = await place.stat('trap "" TERM; sleep 1.5; echo "1000 500 400 4096 100 50"')
  const spaces = createSpaces({
    root: '/',
    stat,
    deadlineMs: 300,
    signal,
    say: (level, text) => void said.push(`${level} ${text}`),
  })
  for (let time = 0; time < 3; time += 1) {
    const names = Object.keys(await spaces.read([disk, nas]))
    assert.ok(names.includes('filesystem_percent{mount="/"}') && names.includes('disk_usage_percent'))
    assert.ok(!names.some((name) => name.includes('nas')))
    if (time === 1) await wait(50)
  }
  assert.deepEqual(said, [
    'warn the file system at /mnt/nas does not answer within 0.3 s; its series are left out until it does',
  ])
  await place.stat('echo "1000 500 400 4096 100 50"')
  let metrics = await spaces.read([disk, nas])
  for (; !('filesystem_total{mount="/mnt/nas"}' in metrics); metrics = await spaces.read([disk, nas])) await wait(50)
  assert.equal(metrics['filesystem_total{mount="/mnt/nas"}'], 4_096_000)
  assert.equal(metrics['filesystem_used{mount="/mnt/nas"}'], 2_048_000)
  assert.equal(metrics['filesystem_inodes_percent{mount="/mnt/nas"}'], 50)
  assert.equal(said.at(-1), 'info the file system at /mnt/nas answers again')
  assert.equal(said.length, 2)
})

test('while there is no answer, none is asked for again', async () => {
  const patience = createPatience(20)
  let asked = 0
  const { promise, resolve } = Promise.withResolvers<string>()
  const ask = (): Promise<string | undefined> =>
    patience.ask('nas', () => {
      asked += 1
      return promise
    })
  assert.equal(await ask(), undefined)
  assert.equal(await ask(), undefined)
  assert.equal(await patience.ask('other', async () => 'well'), 'well')
  assert.deepEqual([asked, patience.open], [1, 1])
  resolve('back')
  await promise
  await wait(1)
  assert.equal(await ask(), 'back')
  assert.equal(asked, 2)
})

test('the real stat answers what the kernel does', async () => {
  const lines: string[] = []
  const spaces = createSpaces({
    root: '/',
    stat: 'stat',
    deadlineMs: 5000,
    signal,
    say: (_, text) => void lines.push(text),
  })
  const metrics = await spaces.read([{ ...disk, point: '/proc/..', type: 'nfs4', device: '0:9' }, disk])
  for (const figure of ['total', 'inodes_percent'] as const)
    assert.equal(metrics[`filesystem_${figure}{mount="/proc/.."}`], metrics[`filesystem_${figure}{mount="/"}`])
  assert.deepEqual(lines, [])
})

test('a program that says something else, or is not there, is told of once', async () => {
  await using place = await open()
  const said: string[] = []
  const say = (_: string, text: string): void => void said.push(text)
  for (const stat of [await place.stat('echo nonsense'), '/nowhere/stat']) {
    const spaces = createSpaces({ root: '/', stat, deadlineMs: 5000, signal, say })
    assert.ok(!Object.keys(await spaces.read([nas])).some((name) => name.includes('nas')))
    await spaces.read([nas])
  }
  assert.equal(said.length, 2)
  assert.match(said[1] ?? '', /cannot be asked: stat ended with 127/)
})

test('of a host that is seen below a folder, what lies below it', async () => {
  await using place = await open()
  const spaces = createSpaces({ root: place.folder, stat: 'stat', deadlineMs: 5000, signal, say: () => {} })
  const names = Object.keys(await spaces.read([{ ...disk, point: place.folder }, { ...disk, device: '8:9' }, nas]))
  assert.ok(names.includes('filesystem_total{mount="/"}') && names.includes('disk_usage_total'))
  assert.equal(names.filter((name) => name.startsWith('filesystem_total')).length, 1)
  const bare = Object.keys(await spaces.read([nas]))
  assert.deepEqual(bare, ['disk_usage_total', 'disk_usage_used', 'disk_usage_free', 'disk_usage_percent'])
})
