// Mail addresses as people write them: `ann@example.org`, or with a name before it, `Ann Lee <ann@example.org>`.
import { isIPv4, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'

export interface Mailbox {
  readonly name?: string
  /** In ASCII: an international domain stands in its `xn--` form. */
  readonly address: string
}

/** Undefined for what cannot be written to; quoted local parts are left out, as nearly all servers do. */
export function readMailbox(text: string): Mailbox | undefined {
  const [, name, inner] = /^(.*?)\s*<([^<>]*)>$/su.exec(text.trim()) ?? [undefined, '', text]
  const address = readAddress((inner ?? '').trim())
  if (address === undefined) return undefined
  const plain = (name ?? '')
    .replace(/^"(.*)"$/su, '$1')
    .replace(/\\(.)/gu, '$1')
    .trim()
  if (plain === '') return { address }
  return /[\p{C}\p{Zl}\p{Zp}]/u.test(plain) ? undefined : { name: plain, address }
}

/** What stands behind the last @. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}

function readAddress(text: string): string | undefined {
  const at = text.lastIndexOf('@')
  const local = text.slice(0, Math.max(0, at))
  const domain = readDomain(text.slice(at + 1))
  return dotAtom.test(local) && local.length <= 64 && domain !== undefined ? `${local}@${domain}` : undefined
}

function readDomain(text: string): string | undefined {
  const [, literal] = /^\[(?:IPv6:)?(.*)\]$/i.exec(text) ?? []
  if (literal !== undefined) return isIPv4(literal) || isIPv6(literal) ? text : undefined
  if (/[\s\p{C}]/u.test(text)) return undefined
  const ascii = domainToASCII(text)
  return hostName.test(ascii) && ascii.length <= 253 ? ascii : undefined
}

/** RFC 5322, 3.2.3. */
const dotAtom = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/
const hostName = /^(?![.\d]+$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/
