// The connections that are open by the log, by address and by age, and what is known of the machine behind each.
import { toPlainAddress } from '../../lib/cidr.ts'

export interface Connection {
  /** Number of the line that opened it: its place in the order of all connections. */
  id: number
  key: Key
  pid: number
  /** UTC ms of "accepted". */
  at: number
  host: string | undefined
  /** Of the last line known to be its own: of its end, once it is closed. */
  lastAt: number
  /**
   * fresh: no request was ever thought to be its own. maybe: was a candidate of one whose client stayed open.
   * grouped: so was every connection it could be confused with, one machine for each. settled: served a request for certain.
   */
  state: 'fresh' | 'maybe' | 'grouped' | 'settled'
  /** The machine it served, once settled. */
  identity: string | undefined
  /** Named as the client of some event: it will not count as a probe. */
  told: boolean
  /** Served more than one machine, so it may serve any. */
  versatile: boolean
  /** Given up (the server started anew, or a line of doubt closed it): its end says nothing any more. */
  lost: boolean
  /** Opened by a line that a workstation name may have forged. */
  suspect: boolean
  /** Number of the line that closed it; 0 while open. */
  closedId: number
  /** Unfinished blocks that name it as a candidate. */
  refs: number
  /** Whether it stands among the rows on disk, and whether that row is out of date. */
  stored: boolean
  dirty: boolean
  /** Member of a question, so that its record must stay its own. */
  asked: boolean
  /** In the table of open ones; -1 when it is not there. */
  place: number
  sameIdentity: Connection | undefined
}

/** v4: address * 65536 + port, so that a probe makes no string; anything else: its words in the log. */
export type Key = number | string

/** As just opened. */
export function createConnection(id: number, key: Key, at: number): Connection {
  return {
    id,
    key,
    pid: -1,
    at,
    host: undefined,
    lastAt: at,
    state: 'fresh',
    identity: undefined,
    told: false,
    versatile: false,
    lost: false,
    suspect: false,
    closedId: 0,
    refs: 0,
    stored: false,
    dirty: false,
    asked: false,
    place: -1,
    sameIdentity: undefined,
  }
}

/** Makes a used record like a new one; a copy of a new one's fields would take several times as long. */
export function resetConnection(one: Connection, id: number, key: Key, at: number): void {
  one.id = id
  one.key = key
  one.pid = -1
  one.at = one.lastAt = at
  one.host = undefined
  one.state = 'fresh'
  one.identity = undefined
  one.told = one.versatile = one.lost = one.suspect = false
  one.closedId = one.refs = 0
  one.stored = one.dirty = one.asked = false
  one.place = -1
  one.sameIdentity = undefined
}

/** Nothing is known of it but when it was opened, and from where. */
export function isPlain(one: Connection): boolean {
  return (
    one.state === 'fresh' &&
    one.pid < 0 &&
    one.host === undefined &&
    one.closedId === 0 &&
    !(one.told || one.versatile || one.lost || one.suspect)
  )
}

/** Whether its end means that it asked nothing. */
export function isProbe(one: Connection): boolean {
  return !one.told && !one.lost && (one.state === 'fresh' || one.state === 'maybe')
}

/** The words between "accepted: " and the final dot; undefined when they are no address. */
export function readKey(bytes: Buffer, start: number, end: number): Key | undefined {
  let address = 0
  let part = 0
  let parts = 0
  let digits = 0
  let at = start
  for (; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte >= 0x30 && byte <= 0x39) {
      part = part * 10 + byte - 0x30
      if (++digits > 5) return readLongKey(bytes, start, end)
    } else if (byte === 0x2e && digits > 0 && part < 256 && parts < 3) {
      address = address * 256 + part
      parts++
      part = digits = 0
    } else if (byte === 0x3a && digits > 0 && part < 256 && parts === 3) {
      address = address * 256 + part
      parts++
      part = digits = 0
    } else return readLongKey(bytes, start, end)
  }
  return parts === 4 && digits > 0 && part < 65_536 ? address * 65_536 + part : undefined
}

function readLongKey(bytes: Buffer, start: number, end: number): string | undefined {
  if (end - start > 100) return undefined
  const text = bytes.toString('latin1', start, end)
  return /^\[[0-9a-fA-F:.]+(?:%[0-9A-Za-z_.-]+)?\]:\d{1,5}$/.test(text) ? text : undefined
}

/** As the log writes it: `10.0.0.1:1688`, `[2001:db8::1]:1688`; without a port for MS-RPC. */
export function keyText(key: Key): string {
  if (typeof key === 'string') return key.startsWith('rpc ') ? key.slice(4) : key
  return `${v4Text(Math.floor(key / 65_536))}:${key % 65_536}`
}

/** Without brackets or port; a mapped v4 address as v4. */
export function addressOf(key: Key): string {
  if (typeof key === 'number') return v4Text(Math.floor(key / 65_536))
  if (key.startsWith('rpc ')) return toPlainAddress(key.slice(4))
  return toPlainAddress(key.slice(0, key.lastIndexOf(':')))
}

export function portOf(key: Key): number | undefined {
  if (typeof key === 'number') return key % 65_536
  return key.startsWith('rpc ') ? undefined : Number(key.slice(key.lastIndexOf(':') + 1))
}

/** From ready parts: making each of the four numbers a text costs more than all else about a probe. */
function v4Text(address: number): string {
  const upper = `${parts[address >>> 24]}${parts[(address >>> 16) & 255]}`
  return `${upper}${parts[(address >>> 8) & 255]}${address & 255}`
}

const parts = Array.from({ length: 256 }, (_, part) => `${part}.`)
