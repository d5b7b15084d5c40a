// The unfinished requests, and to which of them a line belongs: the lines of concurrent requests come interleaved.
import { agrees, type Block, isMissing, isNext, laterStep, step, steps } from './block.ts'
import type { Connection, Key } from './connections.ts'
import { form, type Line } from './line.ts'

/** More than this cannot be told apart, and no server answers so many at once. */
const mostBlocks = 256

/** Its name may have forged its end; then its next label follows within so many lines. */
export const cutShortLines = 8

export interface CutShort {
  readonly at: number
  readonly lineId: number
  readonly client: Key | undefined
}

export class Blocks {
  #open: Block[] = []
  /** A block that ended right behind its workstation name. */
  cutShort: CutShort | undefined
  /** The block whose workstation name was the last thing said: what follows may be the name's own second line. */
  awaitsMinimum: Block | undefined

  get size(): number {
    return this.#open.length
  }

  /** The time of the one that has been silent for longest. */
  get oldestAt(): number {
    let oldest = Infinity
    for (const block of this.#open) if (block.lastAt < oldest) oldest = block.lastAt
    return oldest
  }

  get awaitsAnswer(): boolean {
    return this.#open.some((block) => block.step === step.response || block.short)
  }

  all(): readonly Block[] {
    return [...this.#open]
  }

  [Symbol.iterator](): Iterator<Block> {
    return this.#open[Symbol.iterator]()
  }

  get isFull(): boolean {
    return this.#open.length >= mostBlocks
  }

  add(block: Block): void {
    this.#open.push(block)
    if (!block.short && block.step === step.minimum) this.awaitsMinimum = block
  }

  remove(block: Block, lineId: number, now: number): void {
    const at = this.#open.indexOf(block)
    if (at >= 0) this.#open.splice(at, 1)
    if (this.awaitsMinimum !== block) return
    this.awaitsMinimum = undefined
    if (now > block.lastAt + 2000) return
    const [client] = block.candidates
    this.cutShort = { at: block.at, lineId, client: block.candidates.length === 1 ? client?.key : undefined }
  }

  ofPid(pid: number): Block | undefined {
    return this.#open.find((block) => block.pid === pid)
  }

  idleSince(at: number): readonly Block[] {
    return this.#open.filter((block) => block.lastAt < at)
  }

  /** Blocks that could be of this closed connection and of no open one. */
  withoutOpen(closed: Connection): readonly Block[] {
    return this.#open.filter(
      ({ candidates }) => candidates.includes(closed) && candidates.every((one) => one.closedId > 0),
    )
  }

  /** The block that was cut short just before, for a label that nobody waits for any more. */
  takeCutShort(line: Line, lineId: number): CutShort | undefined {
    const found = this.cutShort
    if (!found || lineId - found.lineId > cutShortLines) return undefined
    if (line.form !== form.minimum) return undefined
    this.cutShort = undefined
    return found
  }

  /** The block a label belongs to: the oldest that waits for just this one. `byPid`: each has a process of its own. */
  ownerOf(line: Line, byPid: boolean): Block | undefined {
    const only = this.#open.length === 1 ? this.#open[0] : undefined
    if (only && isNext(only, line) && isPossible(only, line, byPid)) return only
    const possible = this.#open.filter((block) => !block.short && isPossible(block, line, byPid))
    const waiting = possible.filter((block) => isNext(block, line))
    if (waiting.length === 0)
      return this.#exchanged(line, byPid) ?? skipTo(possible, line) ?? outOfOrder(possible, line)
    // What a response says is not kept, and its machine and time tell whose it is.
    if (waiting.length > 1 && waiting.some((block) => block.step < step.response)) mix(waiting)
    const owner = waiting.find((block) => !block.suspect) ?? waiting[0]
    if (owner && line.form === form.response) owner.contended = waiting.length > 1
    return owner
  }

  advance(block: Block, line: Line, lineId: number): void {
    if (steps[block.step] === line.form) block.step++
    else if (isNext(block, line)) block.step = step.machine + 1
    block.lastId = lineId
    block.lastAt = line.at
    block.suspect = false
    block.layout = line.layout
    block.version++
    if (line.form === form.workstation) this.awaitsMinimum = block
    else if (this.awaitsMinimum === block) this.awaitsMinimum = undefined
  }

  /** The block that a refusal ends. */
  refusedBy(line: Line, byPid: boolean): Block | undefined {
    const waiting = this.#open.filter(
      (block) => isPossible(block, line, byPid) && (block.short || block.step >= step.minimum),
    )
    const due = waiting.filter((block) => block.short || block.step === step.response)
    // The response that has begun may be that of the others, and the refusal its own.
    const doubtful = waiting.filter((block) => block.contended && block.step <= step.machine)
    if (due.length + doubtful.length > 1) mix([...due, ...doubtful])
    return due[0] ?? waiting[0]
  }

  shortOwner(line: Line, byPid: boolean): Block | undefined {
    const due = this.#open.filter((block) => block.short && isPossible(block, line, byPid))
    if (due.length > 1) mix(due)
    return due[0]
  }

  /** The first lines of a response say nothing of the request: when the machine shows that they were another's, they change hands. */
  #exchanged(line: Line, byPid: boolean): Block | undefined {
    if (line.form !== form.machine) return undefined
    const open = this.#open.filter((block) => !block.short && isMine(block, line, byPid))
    const wrong = open.find((block) => isNext(block, line) && !agrees(block, line))
    const right = open.find((block) => block.step >= step.response && block !== wrong && agrees(block, line))
    if (!wrong || !right) return undefined
    wrong.step = right.step
    right.step = step.machine
    wrong.version++
    return right
  }
}

function isMine(block: Block, line: Line, byPid: boolean): boolean {
  return !byPid || block.pid === line.pid
}

function isPossible(block: Block, line: Line, byPid: boolean): boolean {
  return isMine(block, line, byPid) && (block.step < step.response || agrees(block, line))
}

/** Labels are missing: the block that comes to this one soonest. */
function skipTo(possible: readonly Block[], line: Line): Block | undefined {
  let best: Block | undefined
  let bestStep = step.end as number
  for (const block of possible) {
    const to = laterStep(block, line)
    if (to < 0 || (block.step < step.response && to > step.response)) continue
    if (!best || to - block.step < bestStep - best.step) [best, bestStep] = [block, to]
  }
  if (!best) return undefined
  if (possible.length > 1) mix(possible)
  best.step = bestStep
  best.gapless = false
  return best
}

/** Some logs were put into another order: taken if nobody else can have said it. */
function outOfOrder(possible: readonly Block[], line: Line): Block | undefined {
  const [only] = possible
  if (!only || possible.length > 1 || only.step >= step.response || !isMissing(only, line)) return undefined
  only.gapless = false
  return only
}

/** Their lines cannot be told apart: whoever may have asked one may have asked the other. */
function mix(blocks: readonly Block[]): void {
  for (const block of blocks) {
    block.mixed = true
    for (const other of blocks) {
      for (const one of other.candidates) {
        if (block.candidates.includes(one)) continue
        block.candidates.push(one)
        one.refs++
      }
    }
    block.version++
  }
}
