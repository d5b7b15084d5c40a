// The life of connections and requests: takes one line after the other and tells what happened.
import type { NewEvent } from '../../words.ts'
import { Attribution } from './attribution.ts'
import { type Block, createBlock, keep, keepRefusal, keepShort, step } from './block.ts'
import { Blocks } from './blocks.ts'
import { type Connection, createConnection, type Key, readKey } from './connections.ts'
import { ConnectionTable } from './connection-table.ts'
import type { EventMaker, Origin, Outcome } from './events.ts'
import { form, type Line } from './line.ts'
import { decode } from './values.ts'

export interface SessionOptions {
  /** Most connections that may be open at once. */
  readonly connections: number
  /** A connection without a sign of life for so long is given up. */
  readonly idleMs: number
}

/** A request without a further line for so long is told as it is. */
const blockIdleMs = 60_000

export class Session {
  readonly table = new ConnectionTable()
  readonly attribution = new Attribution(this.table, (one) => this.#change(one))
  readonly blocks = new Blocks()
  /** Number of the last line: the order of everything. */
  lineId = 0
  /** The log is of a vlmcsd with threads: all its connections share one pid. */
  isThreaded = false
  /** Time of the last line. */
  lastAt = 0
  /** Events since they were last taken. */
  events: NewEvent[] = []
  /** Connections whose rows are out of date, and finished blocks that still have one. */
  readonly changed: Connection[] = []
  readonly finished: Block[] = []
  readonly counts = { unparsed: 0, strays: 0, ambiguous: 0, injections: 0, evicted: 0, expired: 0, orphan_closes: 0 }

  readonly #options: SessionOptions
  readonly #make: EventMaker
  /** Nothing is due before that. */
  #expireAt = Infinity
  #sawLine = false
  readonly #spare: Connection[] = []

  constructor(options: SessionOptions, make: EventMaker) {
    this.#options = options
    this.#make = make
  }

  /** The log time at which something is due, if no line comes. */
  get dueAt(): number | undefined {
    const oldest = this.table.oldest ? this.table.oldest.lastAt + this.#options.idleMs : Infinity
    const due = Math.min(oldest, this.blocks.oldestAt + blockIdleMs)
    return due === Infinity ? undefined : due + 1
  }

  /** After a restart. */
  resume(lineId: number): void {
    this.lineId = lineId
    this.#sawLine = lineId > 0
    this.#expireAt = -Infinity
  }

  take(line: Line): void {
    this.lineId++
    this.lastAt = line.at
    if (line.at > this.#expireAt) this.expire(line.at)
    const { form: says } = line
    if (says >= form.protocol && says <= form.retry) return this.#detail(line)
    const named = this.blocks.awaitsMinimum
    if (named && this.#isForged(line, named)) return this.#tellForged(line, named)
    switch (says) {
      case form.accepted:
        return this.#accepted(line, readKey(line.bytes, line.value, line.end - 1), named)
      case form.closed:
        return this.#closed(line, readKey(line.bytes, line.value, line.end - 1), named)
      case form.request:
        return this.#request(line, named)
      case form.refusal:
        return this.#refusal(line)
      case form.shortRequest:
        return this.#shortRequest(line)
      case form.shortResponse:
        return this.#shortResponse(line)
      case form.publicAddress:
      case form.unsupported:
        return this.#rejected(line)
      case form.rpcAccepted:
        return this.#accepted(line, `rpc ${decode(line.bytes, line.value, line.end)}`, named)
      case form.crash:
        return this.#crashed(line)
      case form.started:
        return this.#started(line)
      case form.stopped:
        this.#emit(this.#make.server('kms.server-stopped', line, versionOf(line, ' was shutdown')))
        return
      case form.unknown:
        this.counts.unparsed++
    }
  }

  /** Ends what has waited too long by log time. */
  expire(at: number): void {
    for (const block of this.blocks.idleSince(at - blockIdleMs)) this.#finish(block, 'unknown')
    for (let one = this.table.oldest; one && one.lastAt < at - this.#options.idleMs; one = this.table.oldest) {
      this.counts.expired++
      if (one.suspect && !one.told && !one.lost)
        this.#emit(this.#make.anomaly('log-injection', { ...one, client: one }, {}))
      this.#lose(one, at)
    }
    this.#expireAt = (this.dueAt ?? Infinity) - 1
  }

  #accepted(line: Line, key: Key | undefined, named: Block | undefined): void {
    if (key === undefined) return void this.counts.unparsed++
    const known = this.table.get(key)
    if (known) this.#lose(known, line.at)
    if (line.pid >= 0 && this.table.byPid(line.pid)) this.isThreaded = true
    const one = this.#create(line, key)
    one.suspect = named !== undefined
    this.table.add(one)
    this.#change(one)
    this.#sawLine = true
    this.#expireAt = Math.min(this.#expireAt, line.at + this.#options.idleMs)
    if (this.table.size <= this.#options.connections || !this.table.oldest) return
    this.counts.evicted++
    this.#doubt(line)
    this.#lose(this.table.oldest, line.at)
  }

  /** Health checks come in endless number: the record of one is used for the next. */
  #create(line: Line, key: Key): Connection {
    const one = this.#spare.pop()
    if (!one) return createConnection(this.lineId, key, line.at, line.pid, line.host)
    one.id = this.lineId
    one.key = key
    one.at = one.lastAt = line.at
    one.pid = line.pid
    one.host = line.host
    one.closedId = 0
    return one
  }

  #closed(line: Line, key: Key | undefined, named: Block | undefined): void {
    if (key === undefined) return void this.counts.unparsed++
    const one = this.table.get(key)
    if (!one) {
      this.counts.orphan_closes++
      if (!this.#sawLine) this.#doubt(line)
      return
    }
    if (named?.gapless && !one.lost && line.at <= named.lastAt + 2000) return this.#closedInDoubt(one, line)
    this.#end(one, line.at)
    if (one.refs > 0) for (const block of this.blocks.withoutOpen(one)) this.#finish(block, 'unknown')
  }

  /** A name may have forged the line: told as true, but the connection stays a candidate. */
  #closedInDoubt(one: Connection, line: Line): void {
    this.table.touch(one, line.at)
    if (one.refs === 0 && isProbe(one)) this.#emit(this.#make.probe(one))
    else if (one.refs > 0) return
    one.lost = true
    this.#change(one)
  }

  #request(line: Line, named: Block | undefined): void {
    const byPid = line.pid >= 0 && !this.isThreaded
    const own = byPid ? this.blocks.ofPid(line.pid) : undefined
    if (own) this.#finish(own, 'unknown')
    const block = this.#begin(line, false)
    block.suspect = named !== undefined
  }

  #begin(line: Line, short: boolean): Block {
    const block = createBlock(this.lineId, line, short)
    this.attribution.open(block, line.pid >= 0 && !this.isThreaded)
    if (this.blocks.isFull) for (const oldest of this.blocks.all().slice(0, 1)) this.#finish(oldest, 'unknown')
    this.blocks.add(block)
    this.#expireAt = Math.min(this.#expireAt, line.at + blockIdleMs)
    return block
  }

  #detail(line: Line): void {
    const block = this.blocks.ownerOf(line, line.pid >= 0 && !this.isThreaded) ?? this.#implicit(line)
    if (!block) return this.#stray(line)
    const isResponse = block.step >= step.response
    keep(block, line, isResponse)
    this.blocks.advance(block, line, this.lineId)
    if (line.form === form.machine && !isResponse) this.attribution.addServed(block)
    if (line.form === form.workstation && block.fields.machine === undefined) this.attribution.addServed(block)
    if (block.step >= step.end) this.#finish(block, 'answered')
  }

  /** Old and hand-cut logs lack the first line of a request. What we make of that is never called exact. */
  #implicit(line: Line): Block | undefined {
    if (this.blocks.size > 0 || line.form > form.workstation) return undefined
    const newest = this.table.newestFresh
    if (!newest || newest.told || newest.at < line.at - 3000) {
      if (!this.#sawLine) this.#doubt(line)
      return undefined
    }
    const block = this.#begin(line, false)
    block.sole = false
    block.many = true
    return this.blocks.ownerOf(line, line.pid >= 0 && !this.isThreaded)
  }

  #stray(line: Line): void {
    this.counts.strays++
    const named = this.blocks.awaitsMinimum
    // With several requests under way a stray label is more likely one that we took for another's.
    if (named) return this.blocks.size === 1 ? this.#tellForged(line, named) : undefined
    const cutShort = this.blocks.takeCutShort(line, this.lineId)
    if (cutShort) this.#tellForgedOf(line, cutShort.at, cutShort.client)
  }

  #refusal(line: Line): void {
    const block = this.blocks.refusedBy(line, line.pid >= 0 && !this.isThreaded)
    if (!block) return this.#stray(line)
    keepRefusal(block, line)
    block.lastId = this.lineId
    block.lastAt = line.at
    this.#finish(block, 'refused')
  }

  #shortRequest(line: Line): void {
    const text = decode(line.bytes, line.value, line.end)
    if (!text.includes(' request from ')) return void this.counts.unparsed++
    const block = this.#begin(line, true)
    keepShort(block, text)
    this.attribution.addServed(block)
  }

  #shortResponse(line: Line): void {
    const block = this.blocks.shortOwner(line, line.pid >= 0 && !this.isThreaded)
    if (!block) return this.#stray(line)
    block.lastId = this.lineId
    block.lastAt = line.at
    this.#finish(block, 'answered')
  }

  #rejected(line: Line): void {
    const block = createBlock(this.lineId, line, true)
    this.attribution.open(block, line.pid >= 0 && !this.isThreaded)
    const answer = this.attribution.reject(block)
    const [client] = answer.candidates
    if (client) this.#tell(client, line.at)
    if (!answer.exact) this.counts.ambiguous++
    const words = decode(line.bytes, line.value, line.end)
    if (line.form === form.publicAddress) this.#emit(this.#make.rejected(block, answer, 'public-ip'))
    else this.#emit(this.#make.rejected(block, answer, 'unsupported-protocol', words.replace(/ unsupported$/, '')))
    this.#release(block)
  }

  /** The only line that speaks of the end of a worker that died; which one, only a pid can say. */
  #crashed(line: Line): void {
    const byPid = line.pid >= 0 && !this.isThreaded
    const client = byPid ? this.table.byPid(line.pid) : this.table.size === 1 ? this.table.oldest : undefined
    const signal = decode(line.bytes, line.value, line.end).slice(0, 64)
    if (client) this.#lose(client, line.at)
    this.#emit(this.#make.anomaly('worker-crash', { ...origin(line), client }, { signal }))
  }

  /** Whoever was connected to the server before is lost to us; by SIGHUP its workers live on, so late words are no error. */
  #started(line: Line): void {
    for (const block of this.blocks.all()) this.#finish(block, 'lost')
    for (const one of this.table) {
      one.lost = true
      this.#change(one)
    }
    this.isThreaded = false
    this.#sawLine = true
    this.#emit(this.#make.server('kms.server-started', line, versionOf(line, ' started successfully')))
  }

  #finish(block: Block, outcome: Outcome): void {
    this.blocks.remove(block, this.lineId, this.lastAt)
    if (block.storedVersion > 0) this.finished.push(block)
    const answer = this.attribution.close(block, this.blocks)
    const [client] = answer.candidates
    const { fields } = block
    if (client) this.#tell(client, block.lastAt)
    if (!answer.exact) this.counts.ambiguous++
    if (fields.application ?? fields.sku ?? fields.product ?? (fields.workstation || fields.machine))
      this.#emit(this.#make.request(block, answer, outcome))
    else this.#emit(this.#make.anomaly(block.suspect ? 'log-injection' : 'incomplete', { ...block, client }, {}))
    this.#release(block)
    // With MS-RPC each request has an "accepted" of its own, and none has a "closed".
    if (client && answer.exact && typeof client.key === 'string' && client.key.startsWith('rpc '))
      this.#end(client, block.lastAt)
  }

  #release(block: Block): void {
    for (const one of block.candidates) {
      one.refs--
      this.#change(one)
      if (one.closedId > 0 && one.refs === 0) this.#bury(one)
    }
  }

  #tell(one: Connection, at: number): void {
    one.told = true
    this.table.touch(one, at)
    this.#change(one)
  }

  /** Gives a connection up whose end we shall not see. */
  #lose(one: Connection, at: number): void {
    one.lost = true
    this.#end(one, at)
    for (const block of this.blocks.withoutOpen(one)) this.#finish(block, 'lost')
  }

  #end(one: Connection, at: number): void {
    one.closedId = this.lineId
    one.lastAt = at
    this.table.remove(one)
    if (one.state === 'maybe' || one.state === 'grouped') this.attribution.forget()
    if (one.stored || one.refs > 0) this.#change(one)
    if (one.refs === 0) this.#bury(one)
  }

  /** Closed, and no open question about it left. */
  #bury(one: Connection): void {
    if (!isProbe(one)) return
    this.#emit(this.#make.probe(one))
    if (one.state === 'fresh' && !one.stored && !one.suspect && this.#spare.length < 64) this.#spare.push(one)
  }

  /** Lines between a name and the label behind it that could not have been written by another worker just then. */
  #isForged(line: Line, block: Block): boolean {
    if (line.at > block.lastAt + (block.gapless ? 2000 : 0)) return false
    if (line.layout !== block.layout || line.at < block.lastAt) return true
    switch (line.form) {
      case form.request:
      case form.chatter:
        return false
      case form.refusal:
        return !this.blocks.awaitsAnswer
      case form.accepted: {
        const key = readKey(line.bytes, line.value, line.end - 1)
        const known = key === undefined ? undefined : this.table.get(key)
        return key === undefined || (known !== undefined && !known.lost)
      }
      case form.closed: {
        const key = readKey(line.bytes, line.value, line.end - 1)
        const one = key === undefined ? undefined : this.table.get(key)
        return one === undefined || (block.gapless && block.candidates.length === 1 && block.candidates[0] === one)
      }
      default:
        return true
    }
  }

  #tellForged(line: Line, block: Block): void {
    this.#tellForgedOf(line, block.at, block.candidates.length === 1 ? block.candidates[0] : undefined)
  }

  #tellForgedOf(line: Line, at: number, client: Connection | undefined): void {
    this.counts.injections++
    const text = decode(line.bytes, line.start, line.end).slice(0, 256)
    this.#emit(this.#make.anomaly('log-injection', { ...origin(line), at, client }, { line: text }))
  }

  /** There may be connections whose beginning we did not see. */
  #doubt(line: Line): void {
    this.attribution.doubtUntil = Math.max(this.attribution.doubtUntil, line.at + blockIdleMs)
    this.#sawLine = true
  }

  #change(one: Connection): void {
    if (one.dirty) return
    one.dirty = true
    this.changed.push(one)
  }

  #emit(event: NewEvent): void {
    this.events.push(event)
  }
}

function isProbe(one: Connection): boolean {
  return !one.told && !one.lost && (one.state === 'fresh' || one.state === 'maybe')
}

function origin(line: Line): Origin {
  return { at: line.at, host: line.host }
}

function versionOf(line: Line, suffix: string): string {
  return decode(line.bytes, line.value, line.end - suffix.length).slice(0, 64)
}
