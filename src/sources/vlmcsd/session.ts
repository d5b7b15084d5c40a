// The life of connections and requests: takes one line after the other and tells what happened.
import type { NewEvent } from '../../words.ts'
import { Attribution } from './attribution.ts'
import { type Block, createBlock, keep, keepRefusal, keepShort, step } from './block.ts'
import { Blocks } from './blocks.ts'
import { type Connection, isProbe, type Key, readKey } from './connections.ts'
import { ConnectionTable } from './connection-table.ts'
import type { EventMaker, Outcome } from './events.ts'
import { forgeableMs, isForged, soleCandidate } from './forgery.ts'
import { form, type Line } from './line.ts'
import { takeCrash, takeRejection, takeStart, takeStop } from './server-lines.ts'
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
  readonly attribution = new Attribution(this.table)
  readonly blocks = new Blocks()
  /** Number of the last line: the order of everything. */
  lineId = 0
  /** The log is of a vlmcsd with threads: all its connections share one pid. */
  isThreaded = false
  /** Time of the last line. */
  lastAt = 0
  /** Events since they were last taken. */
  events: NewEvent[] = []
  /** Blocks that still have a row. */
  readonly finished: Block[] = []
  readonly counts = { unparsed: 0, strays: 0, ambiguous: 0, injections: 0, evicted: 0, expired: 0, orphan_closes: 0 }

  readonly #options: SessionOptions
  readonly make: EventMaker
  /** Nothing is due before that. */
  #expireAt = Infinity
  /** Whether the log was entered at, or has come to, a line that begins something. */
  sawLine = false

  constructor(options: SessionOptions, make: EventMaker) {
    this.#options = options
    this.make = make
  }

  /** The log time at which something is due, if no line comes. */
  get dueAt(): number | undefined {
    const due = Math.min(this.table.oldestAt + this.#options.idleMs, this.blocks.oldestAt + blockIdleMs)
    return due === Infinity ? undefined : due + 1
  }

  /** After a restart. */
  resume(lineId: number): void {
    this.lineId = lineId
    this.sawLine = lineId > 0
    this.#expireAt = -Infinity
  }

  take(line: Line): void {
    this.lineId++
    this.lastAt = line.at
    if (line.at > this.#expireAt) this.expire(line.at)
    const { form: says } = line
    if (says >= form.protocol && says <= form.retry) return this.#detail(line)
    const named = this.blocks.awaitsMinimum
    if (named && isForged(line, named, this.table, this.blocks)) return this.#tellForged(line, named)
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
        return takeRejection(this, line)
      case form.rpcAccepted:
        return this.#accepted(line, `rpc ${decode(line.bytes, line.value, line.end)}`, named)
      case form.crash:
        return takeCrash(this, line)
      case form.started:
        return takeStart(this, line)
      case form.stopped:
        return takeStop(this, line)
      case form.unknown:
        this.counts.unparsed++
    }
  }

  /** Ends what has waited too long by log time. */
  expire(at: number): void {
    for (const block of this.blocks.idleSince(at - blockIdleMs)) this.finish(block, 'unknown')
    while (this.table.oldestAt < at - this.#options.idleMs) {
      const one = this.table.oldest!
      this.counts.expired++
      if (one.suspect && !one.told && !one.lost)
        this.emit(this.make.anomaly('log-injection', { ...one, client: one.key }, {}))
      this.lose(one, at)
    }
    this.#expireAt = (this.dueAt ?? Infinity) - 1
  }

  #accepted(line: Line, key: Key | undefined, named: Block | undefined): void {
    if (key === undefined) return void this.counts.unparsed++
    const known = this.table.get(key)
    if (known) this.lose(known, line.at)
    if (line.pid >= 0 && this.table.byPid(line.pid)) this.isThreaded = true
    this.table.open(this.lineId, key, line.at, line.pid, line.host, named !== undefined)
    this.sawLine = true
    this.#expireAt = Math.min(this.#expireAt, line.at + this.#options.idleMs)
    if (this.table.size <= this.#options.connections || !this.table.oldest) return
    this.counts.evicted++
    this.#doubt(line)
    this.lose(this.table.oldest, line.at)
  }

  #closed(line: Line, key: Key | undefined, named: Block | undefined): void {
    if (key === undefined) return void this.counts.unparsed++
    if (named === undefined) {
      const openedAt = this.table.closeResting(key)
      if (!Number.isNaN(openedAt)) return this.emit(this.make.probe(key, openedAt, line.at, undefined))
    }
    const one = this.table.get(key)
    if (!one) {
      this.counts.orphan_closes++
      if (!this.sawLine) this.#doubt(line)
      return
    }
    if (named?.gapless && !one.lost && line.at <= named.lastAt + forgeableMs) return this.#closedInDoubt(one, line)
    this.#end(one, line.at)
    if (one.refs > 0) for (const block of this.blocks.withoutOpen(one)) this.finish(block, 'unknown')
  }

  /** A name may have forged the line: told as true, but the connection stays a candidate. */
  #closedInDoubt(one: Connection, line: Line): void {
    this.table.touch(one, line.at)
    if (one.refs === 0 && isProbe(one)) this.emit(this.make.probe(one.key, one.at, one.lastAt, one.host))
    else if (one.refs > 0) return
    one.lost = true
    this.table.change(one)
  }

  #request(line: Line, named: Block | undefined): void {
    const byPid = line.pid >= 0 && !this.isThreaded
    const own = byPid ? this.blocks.ofPid(line.pid) : undefined
    if (own) this.finish(own, 'unknown')
    const block = this.#begin(line, false)
    block.suspect = named !== undefined
  }

  #begin(line: Line, short: boolean): Block {
    const block = createBlock(this.lineId, line, short)
    this.attribution.open(block, line.pid >= 0 && !this.isThreaded)
    if (this.blocks.isFull) for (const oldest of this.blocks.all().slice(0, 1)) this.finish(oldest, 'unknown')
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
    if (block.step >= step.end) this.finish(block, 'answered')
  }

  /** Old and hand-cut logs lack the first line of a request. What we make of that is never called exact. */
  #implicit(line: Line): Block | undefined {
    if (this.blocks.size > 0 || line.form > form.workstation) return undefined
    const newest = this.table.newestFresh
    if (!newest || newest.told || newest.at < line.at - 3000) {
      if (!this.sawLine) this.#doubt(line)
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
    this.finish(block, 'refused')
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
    this.finish(block, 'answered')
  }

  finish(block: Block, outcome: Outcome): void {
    this.blocks.remove(block, this.lineId, this.lastAt)
    if (block.storedVersion > 0) this.finished.push(block)
    const answer = this.attribution.close(block, this.blocks)
    const client = answer.candidates[0]
    const { fields } = block
    if (client) this.table.tell(client, block.lastAt)
    if (!answer.exact) this.counts.ambiguous++
    if (fields.application ?? fields.sku ?? fields.product ?? (fields.workstation || fields.machine))
      this.emit(this.make.request(block, answer, outcome))
    else
      this.emit(
        this.make.anomaly(block.suspect ? 'log-injection' : 'incomplete', { ...block, client: client?.key }, {}),
      )
    this.release(block)
    // With MS-RPC each request has an "accepted" of its own, and none has a "closed".
    if (client && answer.exact && typeof client.key === 'string' && client.key.startsWith('rpc '))
      this.#end(client, block.lastAt)
  }

  release(block: Block): void {
    for (const one of block.candidates) {
      one.refs--
      this.table.change(one)
      if (one.closedId > 0 && one.refs === 0) this.#bury(one)
    }
  }

  /** Gives a connection up whose end we shall not see. */
  lose(one: Connection, at: number): void {
    one.lost = true
    this.#end(one, at)
    for (const block of this.blocks.withoutOpen(one)) this.finish(block, 'lost')
  }

  #end(one: Connection, at: number): void {
    one.closedId = this.lineId
    one.lastAt = at
    this.table.remove(one)
    if (one.state === 'maybe' || one.state === 'grouped') this.attribution.forget()
    if (one.stored || one.refs > 0) this.table.change(one)
    if (one.refs === 0) this.#bury(one)
  }

  /** Closed, and no open question about it left. */
  #bury(one: Connection): void {
    if (isProbe(one)) this.emit(this.make.probe(one.key, one.at, one.lastAt, one.host))
  }

  #tellForged(line: Line, block: Block): void {
    this.#tellForgedOf(line, block.at, soleCandidate(block)?.key)
  }

  #tellForgedOf(line: Line, at: number, client: Key | undefined): void {
    this.counts.injections++
    const text = decode(line.bytes, line.start, line.end).slice(0, 256)
    this.emit(this.make.anomaly('log-injection', { at, host: line.host, client }, { line: text }))
  }

  /** There may be connections whose beginning we did not see. */
  #doubt(line: Line): void {
    this.attribution.doubtUntil = Math.max(this.attribution.doubtUntil, line.at + blockIdleMs)
    this.sawLine = true
  }

  emit(event: NewEvent): void {
    this.events.push(event)
  }
}
