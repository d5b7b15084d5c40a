// A log file and a tail that follows it, on a clock of the test's own.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { readCursor } from '../../src/lib/tail/cursor.ts'
import { type Look, Tail, type TailNote, type TailOptions } from '../../src/lib/tail/tail.ts'

export function lines(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at} of a service that says a little\n`).join(
    '',
  )
}

/** Gone with its test. */
export function startLog(t: TestContext, options: Partial<TailOptions> = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sereno-tail-'))
  const log = new FollowedLog(path.join(folder, 'a.log'), options)
  t.after(async () => {
    await log.tail[Symbol.asyncDispose]()
    fs.rmSync(folder, { recursive: true })
  })
  return log
}

/** A log and a tail that follows it, on a clock of our own. */
class FollowedLog {
  readonly path: string
  tail: Tail
  text = ''
  largest = 0
  readonly notes: TailNote[] = []
  readonly #options: Partial<TailOptions>
  #now = Date.now()

  constructor(file: string, options: Partial<TailOptions>) {
    this.path = file
    this.#options = options
    this.tail = this.#follow(file, undefined)
  }

  write(text: string): void {
    fs.appendFileSync(this.path, text)
  }

  async poll(afterMs = 0): Promise<Look> {
    this.#now += afterMs
    return this.tail.poll(async (bytes) => {
      this.text += Buffer.from(bytes).toString('latin1')
      this.largest = Math.max(this.largest, bytes.length)
    })
  }

  /** Stops, does `meanwhile`, starts with the cursor behind the last whole line. */
  async restart(meanwhile = () => {}, file = this.path): Promise<void> {
    const pending = this.text.length - this.text.lastIndexOf('\n') - 1
    const cursor = JSON.parse(JSON.stringify(this.tail.cursor(pending)))
    await this.tail[Symbol.asyncDispose]()
    meanwhile()
    this.tail = this.#follow(file, cursor)
  }

  /** As logrotate does with `create`: the highest number is the oldest. */
  rotate(): void {
    for (let count = 8; count > 0; count--)
      if (fs.existsSync(`${this.path}.${count}`)) fs.renameSync(`${this.path}.${count}`, `${this.path}.${count + 1}`)
    fs.renameSync(this.path, `${this.path}.1`)
    fs.writeFileSync(this.path, '')
  }

  #follow(file: string, cursor: unknown): Tail {
    return new Tail({
      path: file,
      from: 'beginning',
      now: () => this.#now,
      note: (note) => this.notes.push(note),
      ...this.#options,
      cursor: readCursor(cursor),
    })
  }
}
