// The address that the hub listens on, as people write it: 127.0.0.1:8723, [::1]:8723, localhost:8723.
import { matchesAny } from '../lib/cidr.ts'
import type { Listen } from './config.ts'

/** Undefined for what is no host and port. Port 0 takes any free one. */
export function readListen(text: string): Listen | undefined {
  const [, bracketed, plain, digits = ''] =
    /^(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([^\s:[\]/@]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  return host === undefined || port > 65_535 ? undefined : { host, port }
}

export function writeListen({ host, port }: Listen): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

export const loopback = ['127.0.0.0/8', '::1/128']
const isLoopbackAddress = matchesAny(loopback)

export function isLoopback(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(host)
}

/** Why the hub must not listen there, if so; also for an address given on the command line. */
export function listenProblem(
  listen: Listen,
  hub: { readonly tls?: object | undefined; readonly insecure: boolean },
): string | undefined {
  if (isLoopback(listen.host) || hub.tls !== undefined || hub.insecure) return undefined
  return (
    `${writeListen(listen)} can be reached from other machines, and without tls anyone on the way could read the tokens; ` +
    'give hub.tls {cert, key}, or write insecure: true under hub when a proxy in front of it does TLS'
  )
}
