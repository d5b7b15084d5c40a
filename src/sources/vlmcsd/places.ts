// Where the open connections are kept. Most of a great many ask nothing for long: those rest as numbers in columns, and a
// record is made of one when it matters.
import { AddressMap } from './address-map.ts'
import { none } from './chain.ts'
import { type Connection, createConnection, isPlain, type Key, resetConnection } from './connections.ts'

/** Records kept for reuse: about as many as a chunk of a log has lines. */
const mostSpare = 2048

export class Places {
  readonly #byKey = new AddressMap()
  /** Of each place: the record, unless it rests. */
  readonly #records: (Connection | undefined)[] = []
  /** Of those that rest: number of the opening line, and its time. */
  #ids = new Float64Array(64)
  #times = new Float64Array(64)
  readonly #free: number[] = []
  /** Records made of resting ones since the last `rest`. */
  readonly #woken: Connection[] = []
  readonly #spare: Connection[] = []

  get size(): number {
    return this.#byKey.size
  }

  find(key: Key): Connection | undefined {
    return this.at(this.#byKey.get(key))
  }

  /** The record of a place; undefined for none. */
  at(place: number): Connection | undefined {
    if (place === none) return undefined
    return this.#records[place] ?? this.#wake(place)
  }

  /** Last sign of life of who is there, without waking it; Infinity for none. */
  lastAt(place: number): number {
    if (place === none) return Infinity
    return this.#records[place]?.lastAt ?? this.#times[place] ?? Infinity
  }

  /** A record as of one just opened, without a place. */
  make(id: number, key: Key, at: number): Connection {
    const one = this.#spare.pop()
    if (one === undefined) return createConnection(id, key, at)
    resetConnection(one, id, key, at)
    return one
  }

  put(one: Connection): void {
    const place = this.#free.pop() ?? this.#records.length
    if (place === this.#records.length) this.#records.push(one)
    else this.#records[place] = one
    one.place = place
    this.#byKey.add(one.key, place)
  }

  take(one: Connection): void {
    this.#byKey.delete(one.key)
    this.#records[one.place] = undefined
    this.#free.push(one.place)
    one.place = none
  }

  /** Lets rest who may, and keeps the records of the closed for those to come. `changed`: all that were opened or closed. */
  rest(changed: readonly Connection[]): void {
    for (const one of changed) {
      if (one.place === none && one.refs === 0 && !one.asked) this.#keep(one)
      else this.#layDown(one)
    }
    for (const one of this.#woken) this.#layDown(one)
    this.#woken.length = 0
  }

  #layDown(one: Connection): void {
    const { place } = one
    if (place === none || one.refs > 0 || one.asked || typeof one.key === 'string') return
    if (!isPlain(one) || one.lastAt !== one.at) return
    if (place >= this.#ids.length) this.#grow(2 * Math.max(place, this.#ids.length))
    this.#ids[place] = one.id
    this.#times[place] = one.at
    this.#records[place] = undefined
    one.place = none
    this.#keep(one)
  }

  #wake(place: number): Connection {
    const one = this.make(this.#ids[place] ?? 0, this.#byKey.keyAt(place), this.#times[place] ?? 0)
    one.stored = true
    one.place = place
    this.#records[place] = one
    this.#woken.push(one)
    return one
  }

  /** A record that nobody refers to any more. */
  #keep(one: Connection): void {
    if (this.#spare.length < mostSpare) this.#spare.push(one)
  }

  #grow(length: number): void {
    this.#ids = grown(this.#ids, length)
    this.#times = grown(this.#times, length)
  }
}

function grown(old: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const next = new Float64Array(length)
  next.set(old)
  return next
}
