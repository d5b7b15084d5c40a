// All open connections: found by address, by machine, by pid, in the order of their last sign of life and of their opening.
import { isName } from './block.ts'
import { Chain, none } from './chain.ts'
import type { Connection, Key } from './connections.ts'
import { Places } from './places.ts'

export class ConnectionTable {
  readonly #byPid = new Map<number, Connection>()
  readonly #byIdentity = new Map<string, Connection>()
  /** The identity that was last found to be nobody's. */
  #stranger: string | undefined
  readonly versatile = new Set<Connection>()
  /** Settled connections whose machine is known by its id, and by its name alone. */
  numbered = 0
  named = 0
  /** Who is open; what of it the table does not show is for its rows. */
  readonly places = new Places()
  /** By last sign of life. */
  readonly #byLife = new Chain()
  /** Those that are not settled, in the order of opening. */
  readonly #fresh = new Chain()

  get size(): number {
    return this.places.size
  }

  /** The one that has been silent for longest. */
  get oldest(): Connection | undefined {
    return this.places.at(this.#byLife.first)
  }

  /** Its last sign of life; Infinity when none is open. */
  get oldestAt(): number {
    return this.places.lastAt(this.#byLife.first)
  }

  /** The one that gave a sign of life last; `livedBefore` leads on to the others. */
  get newest(): Connection | undefined {
    return this.places.at(this.#byLife.last)
  }

  livedBefore(connection: Connection): Connection | undefined {
    return this.places.at(this.#byLife.before(connection.place))
  }

  /** The one opened last of those that are not settled; `openedBefore` leads on to the others. */
  get newestFresh(): Connection | undefined {
    return this.places.at(this.#fresh.last)
  }

  openedBefore(connection: Connection): Connection | undefined {
    return this.places.at(this.#fresh.before(connection.place))
  }

  get(key: Key): Connection | undefined {
    return this.places.at(this.places.find(key))
  }

  byPid(pid: number): Connection | undefined {
    return this.#byPid.get(pid)
  }

  /** The last one that served the machine; `sameIdentity` leads on to the others. */
  byIdentity(identity: string): Connection | undefined {
    return this.#byIdentity.get(identity)
  }

  /** Nobody served it. Asked more than once for a request, and a look into the map takes longer than most lines. */
  isStranger(identity: string): boolean {
    if (identity === this.#stranger) return true
    if (this.#byIdentity.has(identity)) return false
    this.#stranger = identity
    return true
  }

  *[Symbol.iterator](): Generator<Connection> {
    for (let one = this.oldest; one; one = this.places.at(this.#byLife.after(one.place))) yield one
  }

  /** `suspect`: a workstation name may have forged the line. */
  open(id: number, key: Key, at: number, pid: number, host: string | undefined, suspect: boolean): void {
    if (pid < 0 && host === undefined && !suspect && typeof key === 'number') {
      const place = this.places.lay(id, key, at)
      this.#byLife.append(place)
      this.#fresh.append(place)
      return
    }
    const one = this.places.make(id, key, at)
    one.pid = pid
    one.host = host
    one.suspect = suspect
    this.add(one)
    this.change(one)
  }

  /** Its row is out of date. */
  change(connection: Connection): void {
    this.places.change(connection)
  }

  /** An event named it as its client. */
  tell(connection: Connection, at: number): void {
    connection.told = true
    this.touch(connection, at)
    this.change(connection)
  }

  add(connection: Connection): void {
    this.places.put(connection)
    const { place } = connection
    if (connection.pid >= 0) this.#byPid.set(connection.pid, connection)
    this.#byLife.append(place)
    if (connection.state === 'settled') this.#link(connection)
    else if (connection.state !== 'grouped') this.#fresh.append(place)
    if (connection.versatile) this.versatile.add(connection)
  }

  remove(connection: Connection): void {
    const { place } = connection
    if (connection.pid >= 0 && this.#byPid.get(connection.pid) === connection) this.#byPid.delete(connection.pid)
    this.#byLife.remove(place)
    if (connection.state === 'settled') this.#unlink(connection)
    else if (connection.state !== 'grouped') this.#fresh.remove(place)
    if (connection.versatile) this.versatile.delete(connection)
    this.places.leave(place, connection.key)
  }

  /** Closes one that nobody knows more of than its address; when it was opened, or NaN if this is none of those. */
  closeResting(key: Key): number {
    const place = this.places.find(key)
    if (place === none || !this.places.isResting(place)) return Number.NaN
    const openedAt = this.places.openedAt(place)
    this.#byLife.remove(place)
    this.#fresh.remove(place)
    this.places.leave(place, key)
    return openedAt
  }

  /** It gave a sign of life. */
  touch(connection: Connection, at: number): void {
    const { place } = connection
    connection.lastAt = at
    if (place === none || place === this.#byLife.last) return
    this.#byLife.remove(place)
    this.#byLife.append(place)
  }

  /** It served this machine, for certain. */
  settle(connection: Connection, identity: string | undefined): void {
    const { place, state } = connection
    if (state === 'settled') {
      if (connection.identity !== identity) connection.versatile = true
      if (connection.versatile && place !== none) this.versatile.add(connection)
      return
    }
    if (place !== none && state !== 'grouped') this.#fresh.remove(place)
    connection.state = 'settled'
    connection.identity = identity
    if (identity === undefined) connection.versatile = true
    if (place === none) return
    this.#link(connection)
    if (connection.versatile) this.versatile.add(connection)
  }

  /** It served one of several machines, and each of them has one. */
  settleInGroup(connection: Connection): void {
    if (connection.place !== none) this.#fresh.remove(connection.place)
    connection.state = 'grouped'
  }

  #link(connection: Connection): void {
    if (connection.identity === undefined) return
    if (isName(connection.identity)) this.named++
    else this.numbered++
    if (!this.isStranger(connection.identity)) connection.sameIdentity = this.#byIdentity.get(connection.identity)
    this.#byIdentity.set(connection.identity, connection)
    this.#stranger = undefined
  }

  #unlink(connection: Connection): void {
    const { identity } = connection
    if (identity === undefined) return
    if (isName(identity)) this.named--
    else this.numbered--
    const first = this.#byIdentity.get(identity)
    if (first === connection) {
      if (connection.sameIdentity) this.#byIdentity.set(identity, connection.sameIdentity)
      else this.#byIdentity.delete(identity)
    } else {
      for (let one = first; one; one = one.sameIdentity) {
        if (one.sameIdentity === connection) one.sameIdentity = connection.sameIdentity
      }
    }
    connection.sameIdentity = undefined
  }
}
