// The tail against a model: random programs of what writers, rotation and crashes do to a log, each line counted once.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { createLineSplitter } from '../src/lib/lines.ts'
import { readCursor, type TailCursor } from '../src/lib/tail/cursor.ts'
import { Tail } from '../src/lib/tail/tail.ts'
import { callAtOnce } from './support/files-at-once.ts'

const programs = Number(process.env['SERENO_TAIL_PROGRAMS'] ?? 3000)

/** To run one failure again: the seed and the path that it printed. */
const repeat = process.env['SERENO_TAIL_SEED']
  ? { seed: Number(process.env['SERENO_TAIL_SEED']), path: process.env['SERENO_TAIL_PATH'] ?? '' }
  : {}

type Step =
  | { readonly do: 'write'; readonly lines: number; readonly size: number }
  | { readonly do: 'write part' | 'poll' | 'poll after a while' | 'delete' | 'empty' | 'start' | 'stop' }
  | { readonly do: 'rename' | 'copy and truncate'; readonly writeAtOnce: boolean }
  | { readonly do: 'write late'; readonly lines: number }
  | { readonly do: 'compress'; readonly which: number }
  /** At so many batches from now, either before or after its commit. */
  | { readonly do: 'kill'; readonly after: number; readonly committed: boolean }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('write'), lines: fc.nat(6), size: fc.constantFrom(0, 3, 40, 900) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'write part' }) },
  { weight: 6, arbitrary: fc.constantFrom({ do: 'poll' }, { do: 'poll after a while' }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('rename', 'copy and truncate'), writeAtOnce: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write late'), lines: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('compress'), which: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'delete' }, { do: 'empty' }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill'), after: fc.nat(2), committed: fc.boolean() }) },
  { weight: 2, arbitrary: fc.constantFrom({ do: 'start' }, { do: 'stop' }) },
) as fc.Arbitrary<Step>

const banners = { none: '', short: 'Listening on 0.0.0.0:1688\n', long: `${'='.repeat(1500)}\n` }

/** True for one of so many. */
function oneOf(many: number): fc.Arbitrary<boolean> {
  return fc.nat(many - 1).map((number) => number === many - 1)
}

const setting = fc.record({
  naming: fc.constantFrom('count', 'date'),
  /** What every file begins with: nothing, a short banner, one longer than a signature. */
  banner: fc.constantFrom('none' as const, 'short' as const, 'long' as const),
  /** Whether inodes seem to be taken into use after or before all that is written, which the tail takes as a hint. */
  young: fc.boolean(),
  chunkBytes: fc.constantFrom(50, 700, 8192),
  /** Which times have no fraction of a second: none, those of compressed files, all (as an old file system keeps them). */
  wholeSeconds: fc.constantFrom('none', 'compressed', 'all'),
  /** Between two steps. */
  stepMs: fc.constantFrom(170, 1001),
  /** A disk uses inodes again, which memory does not, and takes its time. */
  onDisk: oneOf(4),
  /** With the calls as shipped, which takes longer. */
  throughPool: oneOf(16),
})
type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never

test('every line that was readable is delivered once and in order, whatever happens to the file', async () => {
  const disk = makeFolder(os.tmpdir())
  const memory = makeFolder(fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir())
  let count = 0
  try {
    await fc.assert(
      fc.asyncProperty(setting, fc.array(step, { minLength: 3, maxLength: 30 }), async (setting, steps) => {
        const folder = path.join(setting.onDisk ? disk : memory, String(count++))
        fs.mkdirSync(folder)
        using _ = setting.throughPool ? undefined : callAtOnce()
        const world = new World(path.join(folder, 'a.log'), setting)
        try {
          await world.run({ do: 'poll' })
          for (const step of steps) await world.run(step)
          await world.finish()
        } finally {
          await world.close()
          fs.rmSync(folder, { recursive: true })
        }
      }),
      { numRuns: programs, ...repeat },
    )
  } finally {
    for (const folder of [disk, memory]) fs.rmSync(folder, { recursive: true })
  }
})

function makeFolder(place: string): string {
  return fs.mkdtempSync(path.join(place, 'sereno-tail-'))
}

class Killed extends Error {}

interface Line {
  readonly id: number
  /** It may have been gone before anyone could read it. */
  optional: boolean
}

/** A log with its writer and its rotation, and a tail with its store, on a virtual clock. */
class World {
  readonly #path: string
  readonly #setting: Setting
  #now: number
  #nextId = 1
  #rotations = 0
  /** What was written, file by file in the order in which the files were begun. */
  readonly #files: Line[][] = []
  #writer = -1
  #part = ''
  /** The writer that has not yet heard of a rotation. */
  #late: { readonly fd: number; readonly file: Line[]; readonly until: number } | undefined
  #tail: Tail | undefined
  #splitter = createLineSplitter(1e6)
  #stored: { cursor: unknown; lines: string[] } = { cursor: undefined, lines: [] }
  #kill: { after: number; readonly committed: boolean } | undefined
  /** The tail has the live file open and is at its end. */
  #holdsLive = false
  /** Since the last look. */
  #truncated = false
  /** Lines of deleted files, which only a tail that has them open can read. */
  readonly #orphans: Line[] = []

  constructor(file: string, setting: Setting) {
    this.#path = file
    this.#setting = setting
    this.#now = setting.young || setting.banner !== 'none' ? 1_763_640_000_101 : 4_000_000_000_101
    this.#create()
    this.#startTail()
  }

  async run(step: Step): Promise<void> {
    this.#now += this.#setting.stepMs
    await this.#do(step)
    // The clock of the folder is ours too: what happens within one tick of the real one happens here hours apart.
    this.#stamp(path.dirname(this.#path), this.#now)
  }

  #do(step: Step): unknown {
    switch (step.do) {
      case 'write':
        return this.#writeLines(this.#writer, this.#files.at(-1)!, step.lines, step.size)
      case 'write part':
        return this.#writePart()
      case 'poll':
        return this.#poll(0)
      case 'poll after a while':
        return this.#poll(2100)
      case 'rename':
        return this.#rename(step.writeAtOnce)
      case 'copy and truncate':
        return this.#copyAndTruncate(step.writeAtOnce)
      case 'write late':
        return this.#writeLate(step.lines)
      case 'compress':
        return this.#compress(step.which)
      case 'delete':
        return this.#delete()
      case 'empty':
        return this.#empty()
      case 'start':
        return this.#startTail()
      case 'stop':
        return this.#stopTail()
      case 'kill':
        this.#kill = { after: step.after, committed: step.committed }
        return undefined
    }
  }

  /** All quiet: what is still to come must come now. */
  async finish(): Promise<void> {
    this.#writeLines(this.#writer, this.#files.at(-1)!, 1, 0)
    this.#kill = undefined
    this.#startTail()
    for (let idle = 0; idle < 2;) {
      const before = this.#stored.lines.length
      idle = (await this.#poll(2100)) && this.#stored.lines.length === before ? idle + 1 : 0
    }
    const got = this.#stored.lines.map(readLine).filter((id) => id !== undefined)
    const written = this.#files.flat()
    const missed = new Set(written.map((line) => line.id))
    for (const id of got) missed.delete(id)
    const wanted = written.filter((line) => !line.optional || !missed.has(line.id)).map((line) => line.id)
    assert.deepEqual(got, wanted)
  }

  async close(): Promise<void> {
    await this.#stopTail()
    fs.closeSync(this.#writer)
    if (this.#late) fs.closeSync(this.#late.fd)
  }

  // The tail and its store

  #startTail(): void {
    if (this.#tail) return
    this.#splitter = createLineSplitter(1e6)
    const cursor: TailCursor | undefined = readCursor(this.#stored.cursor)
    const { chunkBytes } = this.#setting
    this.#tail = new Tail({ path: this.#path, from: 'beginning', cursor, now: () => this.#now, chunkBytes })
  }

  async #stopTail(): Promise<void> {
    await this.#tail?.[Symbol.asyncDispose]()
    this.#tail = undefined
    this.#holdsLive = false
    this.#loseOrphans()
  }

  #loseOrphans(): void {
    for (const line of this.#orphans.splice(0)) line.optional = true
  }

  /** True when the tail says that it is at the end of all there is. */
  async #poll(afterMs: number): Promise<boolean> {
    this.#now += afterMs
    const tail = this.#tail
    if (!tail) return false
    try {
      const look = await tail.poll(async (bytes) => {
        const lines: string[] = []
        this.#splitter.push(bytes, (buffer, start, end) => lines.push(buffer.toString('latin1', start, end)))
        if (this.#kill && !this.#kill.committed && this.#kill.after-- <= 0) throw new Killed()
        if (lines.length === 0) return
        this.#commit(tail, lines)
        if (this.#kill?.committed && this.#kill.after-- <= 0) throw new Killed()
      })
      this.#commit(tail, [])
      this.#truncated = false
      this.#holdsLive = look.caughtUp && tail.cursor(this.#splitter.pending)?.id === inodeOf(this.#path)
      return look.caughtUp
    } catch (error) {
      if (!(error instanceof Killed)) throw error
      this.#kill = undefined
      await this.#stopTail()
      return false
    }
  }

  #commit(tail: Tail, lines: readonly string[]): void {
    const cursor = JSON.parse(JSON.stringify(tail.cursor(this.#splitter.pending)))
    this.#stored = { cursor, lines: [...this.#stored.lines, ...lines] }
  }

  // The writer and rotation

  #create(): void {
    this.#writer = fs.openSync(this.#path, 'a')
    this.#files.push([])
    this.#write(this.#writer, banners[this.#setting.banner])
  }

  #write(fd: number, text: string): void {
    if (text !== '') fs.writeSync(fd, Buffer.from(text, 'latin1'))
    this.#stamp(fd, this.#now)
  }

  /** As the file system would, had it our clock. */
  #stamp(file: string | number, at: number, whole = this.#setting.wholeSeconds === 'all'): void {
    const seconds = whole ? Math.floor(at / 1000) : at / 1000
    if (typeof file === 'string') fs.utimesSync(file, seconds, seconds)
    else fs.futimesSync(file, seconds, seconds)
  }

  #line(size: number): string {
    const id = this.#nextId++
    // Every byte but a line feed, invalid UTF-8 among them.
    const noise = Array.from({ length: size }, (_, at) => String.fromCharCode(11 + ((id * 31 + at * 7) % 245))).join('')
    return `L${id}|${noise}|${id}E`
  }

  #writeLines(fd: number, file: Line[], lines: number, size: number): void {
    let text = ''
    for (let count = 0; count < lines; count++) {
      const part = fd === this.#writer ? this.#part : ''
      if (part !== '') this.#part = ''
      const line = part === '' ? this.#line(size) : part
      text += `${line}\n`
      const id = Number(/(\d+)E$/.exec(line)?.[1])
      if (part === '' || !part.startsWith('torn')) file.push({ id, optional: false })
    }
    if (text !== '') this.#write(fd, text)
  }

  #writePart(): void {
    if (this.#part !== '') return
    const line = this.#line(20)
    const half = Math.floor(line.length / 2)
    this.#write(this.#writer, line.slice(0, half))
    this.#part = line.slice(half)
  }

  /** The first half of a line stays in the old file, the second begins the new one: no line to anybody. */
  #tear(): void {
    if (this.#part !== '') this.#part = `torn${this.#part}`
  }

  #rename(writeAtOnce: boolean): void {
    this.#forgetLate()
    fs.renameSync(this.#path, this.#makeRoom())
    if (this.#part !== '') this.#write(this.#writer, '\n')
    this.#part = ''
    this.#late = { fd: this.#writer, file: this.#files.at(-1)!, until: this.#now + 1999 }
    this.#holdsLive = false
    this.#create()
    if (writeAtOnce) this.#writeLines(this.#writer, this.#files.at(-1)!, 2, 30)
  }

  #copyAndTruncate(writeAtOnce: boolean): void {
    this.#forgetLate()
    const copy = this.#makeRoom()
    fs.copyFileSync(this.#path, copy)
    this.#stamp(copy, this.#now)
    this.#now += 3
    this.#truncate()
    // More than there was, so that the size alone tells nothing.
    if (writeAtOnce) this.#writeLines(this.#writer, this.#files.at(-1)!, 5, 500)
  }

  #empty(): void {
    this.#forgetLate()
    for (const line of this.#files.at(-1)!) line.optional = true
    this.#truncate()
  }

  #truncate(): void {
    fs.ftruncateSync(this.#writer)
    this.#truncated = true
    this.#tear()
    this.#files.push([])
    this.#write(this.#writer, banners[this.#setting.banner])
    this.#holdsLive = false
  }

  #delete(): void {
    // Truncated and deleted between two looks: nothing is left to tell that there were two files.
    if (this.#truncated) return
    this.#forgetLate()
    this.#part = ''
    this.#orphans.push(...this.#files.at(-1)!)
    if (!this.#holdsLive) this.#loseOrphans()
    fs.rmSync(this.#path)
    fs.closeSync(this.#writer)
    this.#holdsLive = false
    this.#create()
  }

  #writeLate(lines: number): void {
    if (!this.#late || this.#now > this.#late.until) return
    this.#writeLines(this.#late.fd, this.#late.file, lines, 10)
  }

  #forgetLate(): void {
    if (this.#late) fs.closeSync(this.#late.fd)
    this.#late = undefined
  }

  #compress(which: number): void {
    const plain = this.#rotated().filter((name) => !name.endsWith('.gz'))
    const name = plain[which % plain.length]
    if (name === undefined) return
    this.#forgetLate()
    const file = path.join(path.dirname(this.#path), name)
    const content = fs.readFileSync(file)
    const { mtimeMs } = fs.statSync(file)
    // In two members, as programs write that append to a compressed file.
    const half = content.length >> 1
    fs.writeFileSync(
      `${file}.gz`,
      Buffer.concat([gzipSync(content.subarray(0, half)), gzipSync(content.subarray(half))]),
    )
    this.#stamp(`${file}.gz`, mtimeMs, this.#setting.wholeSeconds !== 'none')
    fs.rmSync(file)
  }

  /** The name for the next rotated file. */
  #makeRoom(): string {
    const number = ++this.#rotations
    if (this.#setting.naming === 'date') return `${this.#path}-${20261100 + number}`
    const names = this.#rotated().sort((a, b) => countOf(b) - countOf(a))
    for (const name of names) {
      const to = name.replace(/\d+/, (count) => String(Number(count) + 1))
      fs.renameSync(path.join(path.dirname(this.#path), name), path.join(path.dirname(this.#path), to))
    }
    return `${this.#path}.1`
  }

  #rotated(): string[] {
    return fs.readdirSync(path.dirname(this.#path)).filter((name) => name !== path.basename(this.#path))
  }
}

function readLine(line: string): number | undefined {
  const match = /^L(\d+)\|.*\|\1E$/s.exec(line)
  return match ? Number(match[1]) : undefined
}

function inodeOf(file: string): string {
  const { dev, ino } = fs.statSync(file, { bigint: true })
  return `${dev}:${ino}`
}

function countOf(name: string): number {
  return Number(/\d+/.exec(name)?.[0])
}
