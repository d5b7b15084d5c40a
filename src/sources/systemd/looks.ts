// Looks at the machine again and again: what is looked at, how often, and what is said of it.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../lib/command.ts'
import { type Boot, bootFacts, type Thing, toBootFact } from '../../source-boot.ts'
import type { SourceTools } from '../../source.ts'
import { createGateway } from './gateway.ts'
import { readInterfaces } from './network.ts'
import type { SystemdOptions } from './options.ts'
import { readScheduled, type Reason } from './stopping.ts'
import { createTeller } from './teller.ts'
import { readUnits } from './units.ts'
import { isUpgrading } from './upgrade.ts'

/** What it borrows from the machine. */
export interface Borrowed {
  readonly systemctl: string
  readonly journalctl: string
  readonly ping: string
  /** Where its / is. */
  readonly root: string
  /** How often files are looked at. */
  readonly lookMs: number
}

export interface Looks {
  readonly hasSystemd: boolean
  /** All there is, once. */
  first(): Promise<void>
  /** What has changed since, of what it is time to look at. */
  look(): Promise<void>
  /** All of a sort, for whoever asks, and the one that is asked for; throws when they cannot be looked at. */
  answer(sort: 'unit' | 'network', key: string): Promise<void>
  /** Pings the gateway, which takes a while; what it finds is told with the next look. */
  ping(): Promise<void>
  tellBoot(boot: Boot): Promise<void>
  /** Said once. */
  tellStopping(reason: Reason): Promise<void>
  /** Told to stop, we may be one of many. */
  last(): Promise<void>
}

type How = 'changes' | 'all'

const environment = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' }
const lastWordMs = 500

export function createLooks(
  options: SystemdOptions,
  { systemctl, ping, root, lookMs }: Borrowed,
  tools: SourceTools,
  boot: Boot | undefined,
): Looks {
  const { host } = tools.place
  const { signal } = tools
  const teller = createTeller(tools)
  // As sd_booted(3) has it.
  const hasSystemd = existsSync(join(root, '/run/systemd/system'))
  const gateway =
    options.gateway === false
      ? undefined
      : createGateway({
          ping,
          root,
          option: options.gateway,
          signal,
          say: (level, message) => tools.log[level](`source ${tools.name}: ${message}`),
        })
  let stopping = false
  let upgrading: boolean | undefined
  let unread: string | undefined
  let askedMs = -Infinity

  async function units(how: How): Promise<ReadonlyMap<string, Thing> | undefined> {
    if (!hasSystemd) {
      if (how === 'all') await teller.unread('unit', 'systemd is not there')
      return undefined
    }
    const ignore = [...options.ignore, ...(await ownUnit(root))]
    const found = await readUnits({ systemctl, watch: options.watch, ignore, signal })
    if (!('unread' in found)) {
      unread = undefined
      await teller.things('unit', found, how)
      return found
    }
    if (unread !== found.unread)
      tools.log.warn(`source ${tools.name}: units cannot be looked at: ${found.unread}; it is tried again`)
    unread = found.unread
    if (how === 'all') await teller.unread('unit', found.unread)
    return undefined
  }

  async function network(how: How): Promise<ReadonlyMap<string, Thing>> {
    const seen = await readInterfaces(root, options.interfaces)
    await teller.wire([...seen].filter(([, { ok }]) => ok).map(([name]) => name))
    const gone: Thing = { ok: false, state: 'gone' }
    const known = new Map([...teller.wired].map((name) => [name, seen.get(name) ?? gone]))
    if (gateway?.thing !== undefined) known.set(...gateway.thing)
    await teller.things('network', known, how)
    return known
  }

  async function upgrade(): Promise<void> {
    const on = await isUpgrading(root, tools.now())
    if (on === upgrading) return
    if (await teller.say([toBootFact(bootFacts.upgrade, host, host, { on })])) upgrading = on
  }

  async function planned(): Promise<void> {
    const plan = readScheduled(await readText(join(root, '/run/systemd/shutdown/scheduled')))
    if (plan !== undefined && plan.at <= tools.now() + lookMs) await tellStopping(plan.reason)
  }

  async function tellStopping(reason: Reason): Promise<void> {
    if (stopping) return
    stopping = true
    const data = { reason, ...(boot === undefined ? {} : { bootId: boot.bootId }) }
    if (!(await teller.say([toBootFact(bootFacts.stopping, host, host, data)]))) stopping = false
  }

  const tellBoot = async (said: Boot): Promise<void> =>
    void (await teller.say([toBootFact(bootFacts.boot, host, host, said)]))

  return {
    hasSystemd,
    async answer(sort, key) {
      const found = sort === 'unit' ? await units('all') : await network('all')
      if (key === '*' || found?.has(key) === true) return
      if (found === undefined) throw new Error(`${sort} ${key} cannot be looked at`)
      // Not among those that matter: nothing is wrong with it.
      await teller.say([toBootFact(bootFacts[sort], key, host, { ok: true })])
    },
    ping: async () => gateway?.check(),
    tellBoot,
    tellStopping,
    async first() {
      if (boot !== undefined) await tellBoot(boot)
      // One that is no longer there since the last run was taken out, or has another name.
      const seen = await readInterfaces(root, options.interfaces)
      await teller.unwire([...teller.wired].filter((name) => !seen.has(name)))
      await network('all')
      if (hasSystemd) await units('all')
      askedMs = performance.now()
    },
    async look() {
      await network('changes')
      await upgrade()
      await planned()
      if (performance.now() - askedMs < options.every) return
      askedMs = performance.now()
      await units('changes')
    },
    async last() {
      if (!hasSystemd || stopping) return
      const words = [systemctl, 'is-system-running']
      const { stdout } = await runCommand(words, { environment, timeoutMs: lastWordMs, killAfterMs: 50 })
      if (stdout.trim() === 'stopping') await tellStopping('unknown')
    },
  }
}

/** The unit that runs this process, whatever it is called. */
async function ownUnit(root: string): Promise<readonly string[]> {
  const [, name] = /\/([^/\n]+\.service)\s*$/m.exec(await readText(join(root, '/proc/self/cgroup'))) ?? []
  return name === undefined ? [] : [name]
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
