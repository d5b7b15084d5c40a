// Accounts of the fediverse, `@user@host`: compared without regard to case, and never by what they call themselves.
import { domainToASCII } from 'node:url'

export interface Account {
  readonly user: string
  /** Absent: of the server that is spoken to. */
  readonly host?: string
}

/** Takes `@ann@example.org`, `ann@example.org`, `@ann`; undefined for anything else. In lower case, the host in ASCII. */
export function readAccount(text: string): Account | undefined {
  const found = /^@?(\w(?:[\w.-]{0,98}\w)?)(?:@([^\s@/]{1,253}))?$/.exec(text)
  const [, user, domain] = found ?? []
  if (user === undefined) return undefined
  if (domain === undefined) return { user: user.toLowerCase() }
  const [name = '', port] = domain.split(':')
  const host = domainToASCII(name)
  if (host === '' || (port !== undefined && !/^\d{1,5}$/.test(port))) return undefined
  return { user: user.toLowerCase(), host: port === undefined ? host : `${host}:${port}` }
}

/** Whole and unique, `ann@example.org`; one without a host is of `home`. */
export function toKey({ user, host }: Account, home: string): string {
  return `${user}@${host ?? home.toLowerCase()}`
}
