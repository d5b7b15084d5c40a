// Address ranges in CIDR form, v4 and v6: which named range an address is in.
import { isIP } from 'node:net'

export interface Cidr {
  /** Eight groups of 16 bits; v4 stands in its mapped form (::ffff:a.b.c.d). */
  readonly groups: readonly number[]
  /** Leading bits that must agree, 0 to 128. */
  readonly bits: number
}

const mappedBits = 96

/** Reads `10.0.0.0/8`, `2001:db8::/32` or a single address; undefined when it is neither. Bits behind the prefix are ignored. */
export function readCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  const address = slash < 0 ? text : text.slice(0, slash)
  const groups = readAddress(address)
  if (!groups || address.includes('%')) return undefined
  const wide = isIP(address) === 6
  if (slash < 0) return { groups, bits: 128 }
  const digits = text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(digits)) return undefined
  const bits = Number(digits) + (wide ? 0 : mappedBits)
  return bits > 128 ? undefined : { groups, bits }
}

/** What a config schema checks with; the message for a person is the caller's. */
export function isCidr(text: string): boolean {
  return readCidr(text) !== undefined
}

/**
 * Looks up the name of the narrowest range an address is in; of two equal ranges the first named wins.
 * Throws for a range that `isCidr` refuses.
 */
export function createCidrTable(ranges: {
  readonly [name: string]: readonly string[]
}): (address: string) => string | undefined {
  const rows = Object.entries(ranges)
    .flatMap(([name, list]) => list.map((text) => ({ name, cidr: mustReadCidr(text) })))
    .sort((a, b) => b.cidr.bits - a.cidr.bits)
  const rows4 = rows.flatMap(({ name, cidr }) => (isMappedRange(cidr) ? [{ name, ...toWord(cidr) }] : []))
  return (address) => {
    const word = readWord(address)
    if (word >= 0) return rows4.find((row) => (word & row.mask) === row.base)?.name
    const groups = readAddress(address)
    return groups && rows.find((row) => contains(row.cidr, groups))?.name
  }
}

/** Whether an address is in any of the ranges, as a function made once per list. */
export function matchesAny(ranges: readonly string[]): (address: string) => boolean {
  const find = createCidrTable({ any: ranges })
  return (address) => find(address) !== undefined
}

/** The address as people write it: without brackets, a mapped v4 address as v4; a scope (`%eth0`) stays. */
export function toPlainAddress(address: string): string {
  const bare = address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address
  if (!bare.includes(':')) return bare
  const groups = readAddress(bare)
  if (!groups || !isMapped(groups)) return bare
  const [high = 0, low = 0] = groups.slice(6)
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

/** A plain dotted address as one number, -1 for anything else: the usual case, without a string made. */
function readWord(address: string): number {
  let word = 0
  let part = -1
  let parts = 1
  for (let index = 0; index < address.length; index++) {
    const code = address.charCodeAt(index)
    if (code === 0x2e) {
      if (part < 0 || ++parts > 4) return -1
      word = word * 256 + part
      part = -1
    } else {
      if (code < 0x30 || code > 0x39 || part === 0) return -1
      part = (part < 0 ? 0 : part * 10) + code - 0x30
      if (part > 255) return -1
    }
  }
  return part < 0 || parts !== 4 ? -1 : word * 256 + part
}

function isMappedRange(cidr: Cidr): boolean {
  return cidr.bits >= mappedBits && isMapped(cidr.groups)
}

/** As signed 32-bit numbers, which is what `&` gives. */
function toWord(cidr: Cidr): { readonly mask: number; readonly base: number } {
  const bits = cidr.bits - mappedBits
  const mask = bits === 0 ? 0 : -1 << (32 - bits)
  return { mask, base: ((cidr.groups[6] ?? 0) * 65_536 + (cidr.groups[7] ?? 0)) & mask }
}

/** Eight groups of 16 bits; undefined for what is no address. */
function readAddress(address: string): number[] | undefined {
  const bare = address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address
  const family = isIP(bare)
  if (family === 0) return undefined
  if (family === 4) return [0, 0, 0, 0, 0, 0xffff, ...readV4(bare)]
  return readV6(bare)
}

/** Of a string that `isIP` accepted. */
function readV6(address: string): number[] {
  const scope = address.indexOf('%')
  const [head = '', tail] = (scope < 0 ? address : address.slice(0, scope)).split('::')
  const front = readGroups(head)
  const back = tail === undefined ? [] : readGroups(tail)
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back]
}

function readGroups(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => (group.includes('.') ? readV4(group) : [Number.parseInt(group, 16)]))
}

function readV4(text: string): [number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number)
  return [a * 256 + b, c * 256 + d]
}

function contains(cidr: Cidr, groups: readonly number[]): boolean {
  // A v4 address is never in a v6 range that merely is wide (::/0), only in one that names mapped addresses.
  if (cidr.bits < mappedBits && isMapped(groups)) return false
  for (let index = 0, left = cidr.bits; left > 0; index++, left -= 16) {
    const mask = left >= 16 ? 0xffff : (0xffff << (16 - left)) & 0xffff
    if ((((cidr.groups[index] ?? 0) ^ (groups[index] ?? 0)) & mask) !== 0) return false
  }
  return true
}

function isMapped(groups: readonly number[]): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)
}

function mustReadCidr(text: string): Cidr {
  const cidr = readCidr(text)
  if (!cidr) throw new Error(`${JSON.stringify(text)} is no address range such as 10.0.0.0/8`)
  return cidr
}
