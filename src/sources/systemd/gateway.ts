// Whether the gateway answers: pings it as ping(8) does, and judges what is lost.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../lib/command.ts'
import type { Thing } from '../../source-boot.ts'

export interface Gateway {
  /** Pings it once more. */
  check(): Promise<void>
  /** As it is by now; undefined: there is none, or it has never answered. */
  readonly thing: readonly [name: string, thing: Thing] | undefined
}

export interface GatewayTools {
  readonly ping: string
  readonly root: string
  /** Its address; true: that of the default route. */
  readonly option: true | string
  readonly signal: AbortSignal
  say(level: 'info' | 'warn', message: string): void
}

const pings = 3
const timeoutMs = 20_000
/** From there on it is told. */
const mostLoss = 50
/** All lost, it is asked once more before it counts as gone. */
const lostChecks = 2

export function createGateway({ ping, root, option, signal, say }: GatewayTools): Gateway {
  let at: string | undefined
  let thing: Thing | undefined
  let lost = 0
  let told = ''

  const sayOnce = (level: 'info' | 'warn', message: string): void => {
    if (message !== told) say(level, message)
    told = message
  }

  return {
    async check() {
      const address = option === true ? await readGateway(root) : option
      if (address !== at) [at, thing, lost] = [address, undefined, 0]
      if (address === undefined) return
      const loss = await pingLoss(ping, address, signal)
      if (loss === undefined)
        return sayOnce('warn', `${address} cannot be pinged; is ping installed, and may it be used?`)
      lost = loss === 100 ? lost + 1 : 0
      if (loss < mostLoss) thing = { ok: true }
      else if (thing === undefined) sayOnce('info', `${address} answers no pings; it is watched once it does`)
      else thing = judge(thing, loss, lost)
    },
    get thing() {
      return at === undefined || thing === undefined ? undefined : ([`gateway ${at}`, thing] as const)
    },
  }
}

function judge(before: Thing, loss: number, lost: number): Thing {
  if (loss < 100) return { ok: false, state: 'losing', reason: `${Math.round(loss)} % of pings are lost` }
  return lost < lostChecks ? before : { ok: false, state: 'unreachable', reason: 'no answer to pings' }
}

/** In percent; undefined: it could not be tried. */
async function pingLoss(ping: string, address: string, signal: AbortSignal): Promise<number | undefined> {
  const words = [ping, '-n', '-q', '-c', `${pings}`, '-W', '2', address]
  const { stdout, stderr } = await runCommand(words, { environment, timeoutMs, signal })
  const [, loss] = /([\d.]+)% packet loss/.exec(stdout) ?? []
  if (loss !== undefined) return Number(loss)
  return /network is unreachable|no route to host/i.test(stderr) ? 100 : undefined
}

const environment = { PATH: process.env['PATH'], LC_ALL: 'C' }

/** Of the default route with the lowest metric; the kernel writes addresses in the order of the machine, the lowest byte first. */
export async function readGateway(root: string): Promise<string | undefined> {
  const text = await readFile(join(root, '/proc/net/route'), 'utf8').catch(() => '')
  const routes = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, to, via = '', flags]) => to === '00000000' && /^[0-9A-F]{8}$/i.test(via) && hasGateway(flags))
    .toSorted((one, other) => Number(one[6]) - Number(other[6]))
  const via = routes[0]?.[2]
  return via === undefined ? undefined : [...Buffer.from(via, 'hex')].toReversed().join('.')
}

/** RTF_UP and RTF_GATEWAY. */
function hasGateway(flags = '0'): boolean {
  return (Number.parseInt(flags, 16) & 3) === 3
}
