// Where the open connections are kept. Most of a great many ask nothing: those rest as numbers in columns from their first
// line on, and a record is made of one when it matters.
import { AddressMap } from './address-map.ts'
import { none } from './chain.ts'
import { type Connection, createConnection, isPlain, type Key, resetConnection } from './connections.ts'

/** Records kept for reuse: about as many as a chunk of a log has lines. */
const mostSpare = 2048

export class Places {
  readonly #byKey = new AddressMap()
  /** Of each place: the record, unless it rests or nobody is there. */
  readonly #records: (Connection | undefined)[] = []
  /** Of those that rest: number of the opening line (0: nobody is there), its time, and whether it has a row. */
  #ids = new Float64Array(64)
  #times = new Float64Array(64)
  #stored = new Uint8Array(64)
  readonly #free: number[] = []
  /** Places where somebody rests since the last `rest`. */
  readonly #laid: number[] = []
  /** Records that were made for a place since the last `rest`. */
  readonly #woken: Connection[] = []
  readonly #spare: Connection[] = []
  /** Connections with a record whose rows are out of date. */
  readonly changed: Connection[] = []
  /** Numbers of those that left without a record and had a row. */
  readonly gone: number[] = []

  get size(): number {
    return this.#byKey.size
  }

  /** Where somebody is; `none` for nobody. */
  find(key: Key): number {
    return this.#byKey.get(key)
  }

  isResting(place: number): boolean {
    return this.#records[place] === undefined
  }

  /** The record of a place; undefined for none. */
  at(place: number): Connection | undefined {
    if (place === none) return undefined
    return this.#records[place] ?? this.#wake(place)
  }

  /** When who rests there was opened. */
  openedAt(place: number): number {
    return this.#times[place] ?? 0
  }

  /** Last sign of life of who is there, without waking it; Infinity for none. */
  lastAt(place: number): number {
    if (place === none) return Infinity
    return this.#records[place]?.lastAt ?? this.openedAt(place)
  }

  /** Its row is out of date. */
  change(one: Connection): void {
    if (one.dirty) return
    one.dirty = true
    this.changed.push(one)
  }

  /** A record as of one just opened, without a place. */
  make(id: number, key: Key, at: number): Connection {
    const one = this.#spare.pop()
    if (one === undefined) return createConnection(id, key, at)
    resetConnection(one, id, key, at)
    return one
  }

  /** For who begins at rest. */
  lay(id: number, key: number, at: number): number {
    const place = this.#take(key)
    this.#write(place, id, at, false)
    this.#laid.push(place)
    return place
  }

  /** For who has a record. */
  put(one: Connection): void {
    one.place = this.#take(one.key)
    this.#records[one.place] = one
    this.#woken.push(one)
  }

  leave(place: number, key: Key): void {
    const one = this.#records[place]
    if (one !== undefined) one.place = none
    else if (this.#stored[place] === 1) this.gone.push(this.#ids[place] ?? 0)
    this.#byKey.delete(key)
    this.#records[place] = undefined
    this.#ids[place] = 0
    this.#free.push(place)
  }

  /** Hands out those who rest without a row; it is taken for written. */
  eachNew(take: (id: number, key: number, at: number) => void): void {
    for (const place of this.#laid) {
      const id = this.#ids[place] ?? 0
      if (id === 0 || this.#records[place] !== undefined || this.#stored[place] === 1) continue
      this.#stored[place] = 1
      take(id, this.#byKey.keyAt(place), this.openedAt(place))
    }
    this.#laid.length = 0
  }

  /** Once all rows are written: lets rest who may, and keeps the records of the closed for those to come. */
  rest(): void {
    for (const one of this.changed) {
      if (one.place === none && one.refs === 0 && !one.asked) this.#keep(one)
      else this.#layDown(one)
    }
    for (const one of this.#woken) this.#layDown(one)
    this.changed.length = this.#woken.length = this.gone.length = 0
  }

  #take(key: Key): number {
    const place = this.#free.pop() ?? this.#records.length
    if (place === this.#records.length) this.#records.push(undefined)
    if (place >= this.#ids.length) this.#grow(2 * place)
    this.#byKey.add(key, place)
    return place
  }

  #layDown(one: Connection): void {
    const { place } = one
    if (place === none || one.refs > 0 || one.asked || typeof one.key === 'string') return
    if (!isPlain(one) || one.lastAt !== one.at) return
    this.#write(place, one.id, one.at, true)
    this.#records[place] = undefined
    one.place = none
    this.#keep(one)
  }

  #write(place: number, id: number, at: number, isStored: boolean): void {
    this.#ids[place] = id
    this.#times[place] = at
    this.#stored[place] = isStored ? 1 : 0
  }

  #wake(place: number): Connection {
    const one = this.make(this.#ids[place] ?? 0, this.#byKey.keyAt(place), this.openedAt(place))
    one.stored = this.#stored[place] === 1
    one.place = place
    this.#records[place] = one
    this.#woken.push(one)
    if (!one.stored) this.change(one)
    return one
  }

  /** A record that nobody refers to any more. */
  #keep(one: Connection): void {
    if (this.#spare.length < mostSpare) this.#spare.push(one)
  }

  #grow(length: number): void {
    this.#ids = copyTo(new Float64Array(length), this.#ids)
    this.#times = copyTo(new Float64Array(length), this.#times)
    this.#stored = copyTo(new Uint8Array(length), this.#stored)
  }
}

function copyTo<T extends { set(from: T): void }>(to: T, from: T): T {
  to.set(from)
  return to
}
