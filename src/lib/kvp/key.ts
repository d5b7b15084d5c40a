// Keys of event records: `PREFIX|incarnation|type|name|vm id|uuid`, and the number of the slice when there are several.
import { createHash } from 'node:crypto'
import { mostKeyBytes, mostKeyUnits } from './record.ts'

export interface KeyParts {
  readonly prefix: string
  /** Seconds since 1970 at which this boot began, by its writer. */
  readonly incarnation: string
  readonly type: string
  readonly name: string
  readonly vmId?: string
  readonly uuid?: string
  readonly slice?: number
}

export interface KeyLimits {
  readonly units: number
  readonly bytes: number
}

export const hostLimits: KeyLimits = { units: mostKeyUnits, bytes: mostKeyBytes }

const uuidPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const longestType: KeyLimits = { units: 64, bytes: 128 }

/**
 * Reads the keys of all generations. Names of cloud-init may hold a `|`, so prefix, incarnation and type are taken from the
 * left, slice, uuid and vm id from the right. Undefined: no key of an event.
 */
export function parseKey(key: string): KeyParts | undefined {
  const fields = key.split('|')
  const [prefix = '', incarnation = '', type = ''] = fields
  if (fields.length < 4 || prefix === '' || !/^\d+$/.test(incarnation)) return undefined
  let end = fields.length
  const last = fields[end - 1] ?? ''
  const sliced = end > 5 && /^\d{1,9}$/.test(last) && uuidPattern.test(fields[end - 2] ?? '')
  if (sliced) end--
  const uuid = end > 4 && uuidPattern.test(fields[end - 1] ?? '') ? fields[--end] : undefined
  const vmId = uuid !== undefined && end > 4 && uuidPattern.test(fields[end - 1] ?? '') ? fields[--end] : undefined
  return {
    prefix,
    incarnation,
    type,
    name: fields.slice(3, end).join('|'),
    ...(vmId === undefined ? {} : { vmId }),
    ...(uuid === undefined ? {} : { uuid }),
    ...(sliced ? { slice: Number(last) } : {}),
  }
}

/** Without the slice. A name that leaves no room for `spare` more characters is shortened, and ends in a short hash of the whole. */
export function writeKey(parts: KeyParts, spare: number, limits = hostLimits): string {
  const head = `${parts.prefix}|${parts.incarnation}|${shorten(escapeField(parts.type), longestType)}|`
  const tail = `${parts.vmId === undefined ? '' : `|${parts.vmId}`}${parts.uuid === undefined ? '' : `|${parts.uuid}`}`
  const room = {
    units: limits.units - head.length - tail.length - spare,
    bytes: limits.bytes - Buffer.byteLength(head) - tail.length - spare,
  }
  return head + shorten(escapeField(parts.name), room) + tail
}

/** Ends in a hash when it had to be cut, so that two long names do not become one. */
export function shorten(text: string, room: KeyLimits): string {
  if (text.length <= room.units && Buffer.byteLength(text) <= room.bytes) return text
  const hash = `~${createHash('sha256').update(text).digest('hex').slice(0, 8)}`
  let units = 0
  let bytes = 0
  for (const character of text) {
    const more = Buffer.byteLength(character)
    if (units + character.length + hash.length > room.units || bytes + more + hash.length > room.bytes) break
    units += character.length
    bytes += more
  }
  return text.slice(0, units) + hash
}

/** What would end a field, or the key, or be invisible. */
export function escapeField(text: string): string {
  return text.replace(
    /[|\u0000-\u001f\u007f-\u009f]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}
