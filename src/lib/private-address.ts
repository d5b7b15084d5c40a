// Tells private addresses from public ones, so that an address chosen by a stranger cannot reach into our own network.
import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** True for a literal address, with or without brackets, that no public host has; false for names. */
export function isPrivateAddress(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '')
  const family = isIP(address)
  return family !== 0 && blocked.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** Looks a name up and fails with EPRIVATE when any of its addresses is private; the connection is then made to what was checked. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error) return callback(error, '', 0)
    if (found.some(({ address }) => isPrivateAddress(address))) {
      return callback(Object.assign(new Error('a private address'), { code: 'EPRIVATE' }), '', 0)
    }
    const [first] = found
    if (options.all || !first) callback(null, found)
    else callback(null, first.address, first.family)
  })
}

/** IANA's registries of special-purpose addresses, as far as hosts could have them. */
const v4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
]
const v4More = ['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/3']
const v6 = ['::/127', '64:ff9b::/96', 'fc00::/7', 'fe80::/10', 'ff00::/8']

const blocked = new BlockList()
for (const range of [...v4, ...v4More]) add(range, 'ipv4')
for (const range of v6) add(range, 'ipv6')

function add(range: string, family: 'ipv4' | 'ipv6'): void {
  const [address = '', bits] = range.split('/')
  blocked.addSubnet(address, Number(bits), family)
}
