// Which connection asked? No line of a request says so. What is called exact here is proved; all else keeps its candidates.
import { type Block, identityOf, isName } from './block.ts'
import { addressOf, type Connection } from './connections.ts'
import type { ConnectionTable } from './connection-table.ts'

/** A client asks within milliseconds of its connection; this much is left for slow and lossy lines. */
const freshMs = 3000
/** The same for a connection that may already have asked: what was told of it is likely to have been its own. */
const maybeMs = 2000
/** So many candidates are kept; with more, nothing can be proved anyway. */
const most = 16
const mostQuestions = 64

export interface Answer {
  readonly exact: boolean
  /** Best first; one when exact, none when no connection is known at all. */
  readonly candidates: readonly Connection[]
}

/** A finished request whose client stayed open among several. */
export interface Question {
  readonly identity: string | undefined
  readonly members: readonly Connection[]
}

export class Attribution {
  readonly #table: ConnectionTable
  #questions: Question[] = []
  /** Set when the questions changed since it was last cleared. */
  dirty = false
  /** Until then there may be open connections that we know nothing of. */
  doubtUntil = 0

  constructor(table: ConnectionTable) {
    this.#table = table
  }

  get questions(): readonly Question[] {
    return this.#questions
  }

  restore(questions: readonly Question[]): void {
    this.#questions = [...questions]
    for (const { members } of questions) for (const one of members) one.asked = true
  }

  /** At the first line of a request: who may have asked. `byPid`: every connection has a process of its own. */
  open(block: Block, byPid: boolean): void {
    const own = byPid && block.pid >= 0 ? this.#table.byPid(block.pid) : undefined
    if (byPid && block.pid >= 0) {
      block.sole = own !== undefined
      return this.#take(block, own ? [own] : [])
    }
    const doubt = block.at < this.doubtUntil
    block.sole = this.#table.size === 1 && !doubt
    const recent = this.#fresh(block, (one) => one.at >= block.at - (one.state === 'fresh' ? freshMs : maybeMs))
    const found = recent.length > 0 ? recent : this.#fresh(block, () => true)
    this.#take(block, found.length > 0 ? found : this.#anyOpen(block))
    block.many ||= doubt
  }

  /** When a request has said which machine it is from: connections that served it before may have asked, too. */
  addServed(block: Block): void {
    const identity = identityOf(block)
    if (this.#isStranger(identity)) return
    for (const one of this.#served(identity)) {
      if (one.id > block.id || block.candidates.includes(one)) continue
      if (block.candidates.length >= most) block.many = true
      else this.#take(block, [...block.candidates, one], 1)
    }
  }

  /** A connection that was turned away before it could ask anything. */
  reject(block: Block): Answer {
    const fresh = block.candidates.filter(({ state, told }) => state === 'fresh' && !told)
    const exact = block.sole || (fresh.length === 1 && !block.many)
    return { exact, candidates: fresh.length > 0 ? fresh : block.candidates }
  }

  /** At the last line of a request. `whole`: it ended as requests end, so who closed before its last line did not ask. */
  close(block: Block, others: Iterable<Block> & { readonly size: number }): Answer {
    const identity = identityOf(block)
    const likely = this.#certain(block, identity) ?? this.#candidates(block, identity)
    const first = likely[0]
    if (first && likely.length === 1 && this.#isProved(block, first, identity)) {
      this.#table.settle(first, identity)
      this.#table.change(first)
      if (others.size > 0) for (const other of others) if (other !== block && !other.mixed) drop(other, first)
      return { exact: true, candidates: likely }
    }
    const ordered = this.#order(block, likely, identity)
    this.#ask({ identity, members: ordered })
    return { exact: false, candidates: ordered }
  }

  /** A closed connection needs no question any more once all of its fellows are closed. */
  forget(): void {
    const left = this.#questions.filter(({ members }) => members.some((one) => one.closedId === 0))
    if (left.length === this.#questions.length) return
    this.#questions = left
    this.dirty = true
  }

  /** The usual case, without a list made: one candidate, and nobody else who ever served the machine. */
  #certain(block: Block, identity: string | undefined): readonly Connection[] | undefined {
    const one = block.candidates[0]
    if (!one || block.candidates.length > 1 || block.mixed || identity === undefined) return undefined
    if ((one.closedId > 0 && one.closedId < block.lastId) || !this.#isStranger(identity)) return undefined
    return isUnsettled(one) ? block.candidates : undefined
  }

  #isStranger(identity: string | undefined): boolean {
    if (identity === undefined) return true
    return this.#questions.length === 0 && this.#table.isStranger(identity)
  }

  #candidates(block: Block, identity: string | undefined): Connection[] {
    const alive = block.candidates.filter((one) => block.mixed || one.closedId === 0 || one.closedId > block.lastId)
    const found = new Set(alive)
    if (block.sole) return alive
    const served = new Set(this.#served(identity))
    for (const one of served) if (one.id < block.id) found.add(one)
    if (identity === undefined || found.size === 0) {
      for (const one of this.#anyOpen(block)) if (found.size < most) found.add(one)
    }
    // Who served one machine does not serve another; if that leaves nobody, the rule was broken and all stay.
    const fitting = [...found].filter(
      (one) =>
        one.versatile || isUnsettled(one) || served.has(one) || (identity !== undefined && one.identity === identity),
    )
    return fitting.length > 0 ? fitting : [...found]
  }

  #isProved(block: Block, one: Connection, identity: string | undefined): boolean {
    if (block.mixed || block.many) return false
    if (block.sole) return true
    if (identity === undefined) return false
    // Machines known by name cannot be told from machines known by id.
    if ((isName(identity) ? this.#table.numbered : this.#table.named) > 0) return false
    return one.versatile ? one.identity === identity : one.state !== 'settled' || one.identity === identity
  }

  /** Connections that served the machine before, for certain or perhaps. */
  #served(identity: string | undefined): Connection[] {
    if (identity === undefined) return []
    const found: Connection[] = []
    for (let one = this.#table.byIdentity(identity); one && found.length < most; one = one.sameIdentity) found.push(one)
    for (const question of this.#questions) {
      if (question.identity !== identity) continue
      for (const one of question.members) if (one.closedId === 0 && !found.includes(one)) found.push(one)
    }
    return found
  }

  /** Oldest first. */
  #fresh(block: Block, accepts: (one: Connection) => boolean): Connection[] {
    const found: Connection[] = []
    for (let one = this.#table.newestFresh; one && found.length < most; one = this.#table.openedBefore(one)) {
      if (accepts(one)) found.push(one)
      else if (one.at < block.at - freshMs) break
    }
    const { versatile } = this.#table
    // Few are, and asking for the first of none makes garbage at every request.
    if (versatile.size > 0)
      for (const one of versatile) if (found.length < most && !found.includes(one)) found.push(one)
    block.many = found.length >= most
    return found.length > 1 ? found.sort((a, b) => a.id - b.id) : found
  }

  #anyOpen(block: Block): Connection[] {
    const found: Connection[] = []
    for (let one = this.#table.newest; one && found.length < most; one = this.#table.livedBefore(one))
      if (one.id < block.id) found.push(one)
    block.many ||= found.length >= most
    return found.sort((a, b) => a.id - b.id)
  }

  /** `added`: how many at the end are new. */
  #take(block: Block, found: Connection[], added = found.length): void {
    block.candidates = found
    block.version++
    for (let index = found.length - added; index < found.length; index++) {
      const one = found[index]
      if (!one) continue
      one.refs++
      this.#table.change(one)
    }
  }

  /**
   * First those at the address where the machine was seen, then those that no event has named yet, then those that opened
   * just before, then the oldest.
   */
  #order(block: Block, candidates: readonly Connection[], identity: string | undefined): Connection[] {
    const addresses = new Set<string>()
    for (const one of this.#served(identity)) addresses.add(addressOf(one.key))
    const rank = (one: Connection): number =>
      (addresses.has(addressOf(one.key)) ? 0 : 4) + (one.told ? 2 : 0) + (one.at < block.at - 1000 ? 1 : 0)
    return candidates.toSorted((a, b) => rank(a) - rank(b) || a.id - b.id)
  }

  /** Remembers that the machine is behind one of the members, until as many machines as members are known. */
  #ask(question: Question): void {
    if (question.members.length === 0) return
    for (const one of question.members) {
      one.asked = true
      if (one.state !== 'fresh') continue
      one.state = 'maybe'
      this.#table.change(one)
    }
    if (question.members.every((one) => one.closedId > 0)) return
    if (this.#questions.length >= mostQuestions) this.#questions.shift()
    this.#questions.push(question)
    this.dirty = true
    this.#settleGroup(question)
  }

  /** n connections that among them served n machines: none of them is free for another. */
  #settleGroup(question: Question): void {
    const members = new Set(question.members)
    const machines = new Set<string>()
    for (let grown = -1; grown !== members.size;) {
      grown = members.size
      for (const other of this.#questions) {
        if (!other.members.some((one) => members.has(one))) continue
        for (const one of other.members) members.add(one)
        if (other.identity !== undefined) machines.add(other.identity)
      }
      if (members.size > 2 * most) return
    }
    if (machines.size < members.size) return
    for (const one of members) {
      if (one.state !== 'maybe') continue
      this.#table.settleInGroup(one)
      this.#table.change(one)
    }
  }
}

function isUnsettled(connection: Connection): boolean {
  return connection.state === 'fresh' || connection.state === 'maybe'
}

/** Takes a connection off the candidates of a block. */
export function drop(block: Block, connection: Connection): void {
  const at = block.candidates.indexOf(connection)
  if (at < 0) return
  block.candidates.splice(at, 1)
  block.version++
  connection.refs--
}
