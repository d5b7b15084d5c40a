// All open connections: found by address, by machine, by pid, in the order of their last sign of life and of their opening.
import { AddressMap } from './address-map.ts'
import { isName } from './block.ts'
import { type Connection, createConnection, type Key } from './connections.ts'

const mostSpare = 64

export class ConnectionTable {
  readonly #byKey = new AddressMap<Connection>()
  readonly #byPid = new Map<number, Connection>()
  readonly #byIdentity = new Map<string, Connection>()
  readonly versatile = new Set<Connection>()
  /** Connections whose rows are out of date. */
  readonly changed: Connection[] = []
  readonly #spare: Connection[] = []
  /** Settled connections whose machine is known by its id, and by its name alone. */
  numbered = 0
  named = 0
  /** Ends of the list by last sign of life. */
  oldest: Connection | undefined
  newest: Connection | undefined
  /** The newest of those that are not settled, in the order of opening. */
  newestFresh: Connection | undefined

  get size(): number {
    return this.#byKey.size
  }

  get(key: Key): Connection | undefined {
    return this.#byKey.get(key)
  }

  byPid(pid: number): Connection | undefined {
    return this.#byPid.get(pid)
  }

  /** The last one that served the machine; `sameIdentity` leads on to the others. */
  byIdentity(identity: string): Connection | undefined {
    return this.#byIdentity.get(identity)
  }

  /** A new connection. Health checks come in endless number: the record of one is used for the next. */
  open(id: number, key: Key, at: number, pid: number, host: string | undefined): Connection {
    const one = this.#spare.pop() ?? createConnection(id, key, at, pid, host)
    one.id = id
    one.key = key
    one.at = one.lastAt = at
    one.pid = pid
    one.host = host
    one.closedId = 0
    this.add(one)
    return one
  }

  /** Takes back the record of a probe that nothing refers to any more. */
  reuse(connection: Connection): void {
    const { state, stored, suspect } = connection
    if (state === 'fresh' && !stored && !suspect && this.#spare.length < mostSpare) this.#spare.push(connection)
  }

  /** Its row is out of date. */
  change(connection: Connection): void {
    if (connection.dirty) return
    connection.dirty = true
    this.changed.push(connection)
  }

  /** An event named it as its client. */
  tell(connection: Connection, at: number): void {
    connection.told = true
    this.touch(connection, at)
    this.change(connection)
  }

  add(connection: Connection): void {
    this.#byKey.set(connection.key, connection)
    if (connection.pid >= 0) this.#byPid.set(connection.pid, connection)
    this.#append(connection)
    if (connection.state === 'settled') this.#link(connection)
    else if (connection.state !== 'grouped') this.#appendFresh(connection)
    if (connection.versatile) this.versatile.add(connection)
  }

  remove(connection: Connection): void {
    this.#byKey.delete(connection.key)
    if (connection.pid >= 0 && this.#byPid.get(connection.pid) === connection) this.#byPid.delete(connection.pid)
    this.#unchain(connection)
    if (connection.state === 'settled') this.#unlink(connection)
    else if (connection.state !== 'grouped') this.#unchainFresh(connection)
    if (connection.versatile) this.versatile.delete(connection)
  }

  /** It gave a sign of life. */
  touch(connection: Connection, at: number): void {
    connection.lastAt = at
    if (this.newest === connection || this.#byKey.get(connection.key) !== connection) return
    this.#unchain(connection)
    this.#append(connection)
  }

  /** It served this machine, for certain. */
  settle(connection: Connection, identity: string | undefined): void {
    const open = this.#byKey.get(connection.key) === connection
    if (connection.state === 'settled') {
      if (connection.identity !== identity) connection.versatile = true
      if (connection.versatile && open) this.versatile.add(connection)
      return
    }
    if (open && connection.state !== 'grouped') this.#unchainFresh(connection)
    connection.state = 'settled'
    connection.identity = identity
    if (identity === undefined) connection.versatile = true
    if (!open) return
    this.#link(connection)
    if (connection.versatile) this.versatile.add(connection)
  }

  /** It served one of several machines, and each of them has one. */
  settleInGroup(connection: Connection): void {
    if (this.#byKey.get(connection.key) === connection) this.#unchainFresh(connection)
    connection.state = 'grouped'
  }

  *[Symbol.iterator](): Generator<Connection> {
    for (let one = this.oldest; one; one = one.newer) yield one
  }

  #append(connection: Connection): void {
    connection.older = this.newest
    connection.newer = undefined
    if (this.newest) this.newest.newer = connection
    else this.oldest = connection
    this.newest = connection
  }

  #unchain(connection: Connection): void {
    if (connection.older) connection.older.newer = connection.newer
    else this.oldest = connection.newer
    if (connection.newer) connection.newer.older = connection.older
    else this.newest = connection.older
    connection.older = connection.newer = undefined
  }

  #appendFresh(connection: Connection): void {
    connection.olderFresh = this.newestFresh
    connection.newerFresh = undefined
    if (this.newestFresh) this.newestFresh.newerFresh = connection
    this.newestFresh = connection
  }

  #unchainFresh(connection: Connection): void {
    if (connection.olderFresh) connection.olderFresh.newerFresh = connection.newerFresh
    if (connection.newerFresh) connection.newerFresh.olderFresh = connection.olderFresh
    else this.newestFresh = connection.olderFresh
    connection.olderFresh = connection.newerFresh = undefined
  }

  #link(connection: Connection): void {
    if (connection.identity === undefined) return
    if (isName(connection.identity)) this.named++
    else this.numbered++
    connection.sameIdentity = this.#byIdentity.get(connection.identity)
    this.#byIdentity.set(connection.identity, connection)
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
