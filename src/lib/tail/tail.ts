// Follows one log file through rotation, truncation and restarts, so that each byte is handed out once and in order.
// All that happens, happens in `poll`: the caller decides when to look, and stores the cursor with what it made of the bytes.
import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Content, type FileStat, lastLineStart, openContent, statFile } from './content.ts'
import { blankCursor, type TailCursor, toPrevious } from './cursor.ts'
import { Generation, type Identity, isFresh } from './generation.ts'
import { findNext, hasLeftCopy, holds, type Search } from './rotation.ts'
import { isFile, isSystemError, type Live, lookAt, type SystemError, type TailProblem } from './live.ts'
import type { Sibling } from './siblings.ts'

export interface TailOptions {
  readonly path: string
  /** Where to start without a cursor; `end` also leaves out what was written since the cursor. */
  readonly from: 'checkpoint' | 'end' | 'beginning'
  readonly cursor?: TailCursor | undefined
  now(): number
  note?(note: TailNote): void
  readonly chunkBytes?: number
  /** How long a file that was rotated away must be silent before the next one: its writers may come late. */
  readonly quietMs?: number
}

/** Something a person may want to read in the log. */
export interface TailNote {
  /**
   * rotated: went on to `path`. truncated: it was emptied in place. lost: what the last run read is nowhere to be found.
   * busy: somebody still writes to the file that was rotated away. skipped: it could not be read for too long.
   */
  readonly what: 'rotated' | 'truncated' | 'lost' | 'busy' | 'skipped'
  readonly path: string
  readonly detail?: string
}

export interface Look {
  /** At the end of all there is. */
  readonly caughtUp: boolean
  readonly lagBytes: number
  readonly readBytes: number
  /** Look again so soon, even without a hint. */
  readonly againInMs?: number
  readonly problem?: TailProblem
}

/** Gets the next bytes, valid until it resolves; `more`: others are known to follow. Nothing is read meanwhile. */
export type Take = (bytes: Uint8Array, more: boolean) => Promise<void>

type Ended = 'end' | 'replaced' | 'more' | 'stuck'

/** After so long a file that cannot be read or falls silent no more is left behind. */
const giveUpMs = 60_000
/** A poll ends after so much, so that others get their turn. */
const bytesPerPoll = 8 * 1024 * 1024
const movesPerPoll = 500
/** A writer that is quicker than we are is met again at the next poll. */
const looksPerPoll = 4
const lineFeed = Uint8Array.of(0x0a)

export class Tail implements AsyncDisposable {
  readonly counts = { rotations: 0, truncations: 0, cutLines: 0 }
  readonly #options: TailOptions
  readonly #quietMs: number
  readonly #buffer: Buffer
  #current: Generation | undefined
  /** Where to begin, until something is open. */
  #start: TailCursor | undefined
  #problem: TailProblem | undefined
  /** The file that should be read next and cannot be. */
  #blocked: { readonly id: string; readonly since: number } | undefined
  readonly #skipped = new Set<string>()
  /** When the folder had changed last as we looked for copies of the current file. */
  #folderSeen: number | undefined
  #readBytes = 0
  #taking = false

  constructor(options: TailOptions) {
    this.#options = options
    this.#quietMs = options.quietMs ?? 2000
    this.#buffer = Buffer.allocUnsafe(64 + (options.chunkBytes ?? 131_072))
    this.#start = options.from === 'end' ? undefined : options.cursor
  }

  /** The cursor behind the last whole line, when so many of the bytes handed out form none yet. */
  cursor(pending: number): TailCursor | undefined {
    return this.#current?.cursor(this.#options.path, pending) ?? this.#start
  }

  /** Hands out all there is to read now. If `take` throws, the tail must not be used again. */
  async poll(take: Take): Promise<Look> {
    this.#readBytes = 0
    for (let moves = 0; ; moves++) {
      const live = await lookAt(this.#options.path)
      this.#problem = isFile(live) ? undefined : live
      if (!this.#current && !(await this.#begin(live))) return this.#report(live, 'end')
      const ended = await this.#readOn(live, take)
      if (ended === 'more' || ended === 'stuck') return this.#report(live, ended)
      if (!(await this.#moveOn(ended, live, take))) return this.#report(live, 'end')
      if (moves === movesPerPoll) return this.#report(live, 'more')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#current?.content.close()
    this.#current = undefined
  }

  async #begin(live: Live): Promise<boolean> {
    const { path } = this.#options
    const start = this.#start && (await this.#isOurs(this.#start, live)) ? this.#start : undefined
    if (!start) return this.#beginAnew(live)
    const next = await findNext(this.#search(start, true, live))
    const content = next && (await this.#open(next.file))
    if (!next || !content) return false
    this.#current = await Generation.at(content, next.file, next.continues ? start.offset : 0)
    this.#current.complete = next.complete
    const { previous = [] } = start
    this.#current.previous = next.continues || start.offset === 0 ? previous : toPrevious(start, previous, true)
    this.#current.doneUntil = start.doneUntil
    if (!next.continues) this.#current.mtime = start.modifiedAt
    if (next.continues) return true
    if (start.offset > 0) this.#options.note?.({ what: 'lost', path })
    if (next.file.id === start.id && start.offset > 0) this.counts.truncations++
    else if (start.id !== '' && next.file.id !== start.id) this.counts.rotations++
    return true
  }

  /** The very first start: a file that is not there yet will be read from its beginning. */
  async #beginAnew(live: Live): Promise<boolean> {
    const { path, from, now } = this.#options
    if (!isFile(live)) {
      if (live.what === 'missing') this.#start = blankCursor(path, now())
      return false
    }
    const file = toFile(live, path, await resolve(path))
    const content = await this.#open(file)
    if (!content) return false
    const offset = from === 'beginning' ? 0 : await lastLineStart(content, (await content.stat()).size)
    this.#current = await Generation.at(content, file, offset)
    return true
  }

  /** A cursor of another path counts only if its content lies here now. */
  async #isOurs(start: TailCursor, live: Live): Promise<boolean> {
    const { path } = this.#options
    return (
      start.path === path || (start.head.length > 0 && isFile(live) && (await holds(toFile(live, path, path), start)))
    )
  }

  /** Reads to the end of the current file, or to where it is no longer the file it was. */
  async #readOn(live: Live, take: Take): Promise<Ended> {
    const current = this.#current!
    try {
      for (let looks = 0; looks < looksPerPoll; looks++) {
        const stat = await current.content.stat()
        if (stat.size === current.settled?.size && stat.mtime === current.settled.mtime) return 'end'
        if (!current.content.compressed && (stat.size < current.offset || !(await current.hasSameHead())))
          return 'replaced'
        const isTouched = stat.mtime !== current.mtime || current.fresh
        if (isTouched && (await this.#leftCopy(current, live))) return 'replaced'
        const waiting = isFile(live) && live.id !== current.id && live.size > 0
        const ended = await this.#readTo(stat, waiting, take)
        if (ended !== 'end') return ended
        if (!current.fresh) current.settled = stat
      }
      return 'end'
    } catch (error) {
      if (this.#taking || !isSystemError(error)) throw error
      return this.#stumble(current, error)
    }
  }

  /** A copy cannot have been made without a change to the folder. */
  async #leftCopy(current: Generation, live: Live): Promise<boolean> {
    const folder = await statFile(dirname(current.base)).catch(() => undefined)
    if (folder === undefined || folder.mtime === this.#folderSeen) return false
    this.#folderSeen = isFresh(folder.mtime, this.#options.now()) ? undefined : folder.mtime
    return hasLeftCopy(this.#search(current.identity(), true, live), current.content)
  }

  async #readTo(stat: FileStat, waiting: boolean, take: Take): Promise<Ended> {
    const current = this.#current!
    for (;;) {
      const bytes = await current.read(this.#buffer)
      if (!bytes) return 'replaced'
      current.see(stat, this.#options.now())
      if (bytes.length === 0) return 'end'
      current.advance(this.#buffer, bytes)
      this.#readBytes += bytes.length
      await this.#hand(take, bytes, waiting || current.content.compressed || current.offset < stat.size)
      if (this.#readBytes >= bytesPerPoll) return 'more'
    }
  }

  async #hand(take: Take, bytes: Uint8Array, more: boolean): Promise<void> {
    this.#taking = true
    await take(bytes, more)
    this.#taking = false
  }

  /** A gzip file may still be being written; one that stays broken must not hold up the log for ever. */
  #stumble(current: Generation, error: SystemError): Ended {
    const { path } = current
    const what = current.content.compressed ? 'broken-gzip' : 'unreadable'
    if (current.content.compressed && this.#isGivenUp(current.id, path, error)) return 'end'
    this.#problem = { what, path, detail: error.message }
    return 'stuck'
  }

  async #moveOn(ended: Ended, live: Live, take: Take): Promise<boolean> {
    const old = this.#current!
    if (ended === 'end' && isFile(live) && live.id === old.id) {
      old.quietSince = old.leftAt = undefined
      return false
    }
    if (ended === 'end' && !this.#isQuiet(old, live)) return false
    const next = await findNext(this.#search(old.identity(), ended === 'replaced', live))
    const content = next && (await this.#open(next.file))
    if (!next || !content) return false
    await old.content.close()
    const { file } = next
    if (ended === 'replaced') this.counts.truncations++
    else if (!old.copy) this.counts.rotations++
    if (!old.copy) this.#options.note?.({ what: ended === 'replaced' ? 'truncated' : 'rotated', path: file.path })
    this.#current = next.continues ? Generation.after(old, content, file) : await Generation.at(content, file, 0)
    // Nothing of it is read yet: should it be compressed before that, it must still count as newer than what was.
    if (!next.continues) this.#current.mtime = old.mtime
    this.#current.comeAfter(old, next.continues)
    this.#current.complete ||= next.complete
    if (next.continues || !old.partial) return true
    this.counts.cutLines++
    await this.#hand(take, lineFeed, true)
    return true
  }

  /** Whether a file that was rotated away has been silent for long enough. */
  #isQuiet(old: Generation, live: Live): boolean {
    if (old.complete || old.content.compressed) return true
    const now = this.#options.now()
    // The clock may be set back.
    old.leftAt = Math.min(now, old.leftAt ?? now)
    old.quietSince = Math.min(now, old.quietSince ?? now)
    if (now - old.quietSince >= this.#quietMs) return true
    if (now - old.leftAt < giveUpMs || !isFile(live) || live.size === 0) return false
    old.complete = true
    this.#options.note?.({ what: 'busy', path: old.path })
    return true
  }

  #search(from: Identity, replaced: boolean, live: Live): Search {
    const { path } = this.#options
    return { path, from, replaced, live: isFile(live) ? live : undefined, skipped: this.#skipped }
  }

  /** Undefined when it moved meanwhile or cannot be read; a rotated file that stays unreadable is passed over. */
  async #open(file: Sibling): Promise<Content | undefined> {
    try {
      const content = await openContent(file.path, file.id, file.compressed)
      if (content) this.#blocked = undefined
      return content
    } catch (error) {
      if (!isSystemError(error)) throw error
      const isLive = file.path === this.#options.path
      if (error.code === 'ENOENT' || (!isLive && this.#isGivenUp(file.id, file.path, error))) return undefined
      this.#problem = { what: 'unreadable', path: file.path, detail: error.message }
      return undefined
    }
  }

  #isGivenUp(id: string, path: string, error: Error): boolean {
    if (this.#skipped.has(id)) return true
    const now = this.#options.now()
    if (this.#blocked?.id !== id || now < this.#blocked.since) this.#blocked = { id, since: now }
    if (now - this.#blocked.since < giveUpMs) return false
    this.#skipped.add(id)
    this.#options.note?.({ what: 'skipped', path, detail: error.message })
    return true
  }

  #report(live: Live, ended: Ended): Look {
    const current = this.#current
    const waiting = isFile(live) && live.id !== current?.id ? live.size : 0
    return {
      caughtUp: ended === 'end' && waiting === 0,
      lagBytes: waiting + (current?.left ?? 0),
      readBytes: this.#readBytes,
      ...(ended === 'more' && { againInMs: 0 }),
      ...(this.#problem && { problem: this.#problem }),
    }
  }
}

function resolve(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}

function toFile(live: FileStat, path: string, base: string): Sibling {
  return { ...live, path, base, compressed: false }
}
