// The systemd source: what this machine says of its boot, its units, its network, its upgrades and its end, as facts.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { runCommand } from '../../lib/command.ts'
import { journalWords, readEntry } from '../../lib/journal.ts'
import { createLineSplitter } from '../../lib/lines.ts'
import { streamCommand } from '../../lib/stream-command.ts'
import { createTurns } from '../../lib/turns.ts'
import { bootFacts, type Thing, toBootFact } from '../../source-boot.ts'
import type { SourceKind, SourceTools } from '../../source.ts'
import { readPreviousBoot, readThisBoot } from './boot.ts'
import { readInterfaces } from './network.ts'
import { systemdOptions, type SystemdOptions } from './options.ts'
import { readScheduled, type Reason, stoppingReason } from './stopping.ts'
import { createTeller } from './teller.ts'
import { readUnits } from './units.ts'
import { isUpgrading } from './upgrade.ts'

/** What it borrows from the machine. */
export interface Borrowed {
  readonly systemctl: string
  readonly journalctl: string
  /** Where its / is. */
  readonly root: string
  /** How often files are looked at. */
  readonly lookMs: number
}

export default createSystemd({ systemctl: 'systemctl', journalctl: 'journalctl', root: '/', lookMs: 5000 })

export function createSystemd(borrowed: Borrowed): SourceKind<SystemdOptions> {
  return {
    about:
      'Watches this machine through systemd: its boot and how the one before ended, units that fail, network interfaces that go down, ' +
      'packages being upgraded, and that it is about to stop.',
    options: systemdOptions,
    example: { watch: ['nginx.service'], ignore: ['certbot.service'] },
    start: (options, tools) => watch(options, borrowed, tools),
  }
}

/** How the boot before ended matters to the report of this one. */
const recentSeconds = 3600
const firstWaitMs = 1000
const longestWaitMs = 60_000

async function watch(options: SystemdOptions, borrowed: Borrowed, tools: SourceTools): Promise<void> {
  const { root, lookMs, systemctl, journalctl } = borrowed
  const { signal, log, place } = tools
  const { host } = place
  const teller = createTeller(tools)
  const turns = createTurns(1)
  // As sd_booted(3) has it.
  const hasSystemd = existsSync(join(root, '/run/systemd/system'))
  const ignore = [...options.ignore, ...(await ownUnit(root))]
  const boot = await readThisBoot(root)
  let stopping = false
  let upgrading: boolean | undefined
  let unread: string | undefined
  let askMs = -Infinity

  async function tellStopping(reason: Reason): Promise<void> {
    if (stopping) return
    stopping = true
    const data = { reason, ...(boot === undefined ? {} : { bootId: boot.bootId }) }
    if (!(await teller.say([toBootFact(bootFacts.stopping, host, host, data)]))) stopping = false
  }

  async function lookAtUnits(how: 'changes' | 'all'): Promise<void> {
    if (!hasSystemd) return how === 'all' ? teller.unread('unit', 'systemd is not there') : undefined
    const units = await readUnits({ systemctl, watch: options.watch, ignore, signal })
    if ('unread' in units) {
      if (unread !== units.unread) log.warn(`source ${tools.name}: units cannot be looked at: ${units.unread}`)
      unread = units.unread
      return how === 'all' ? teller.unread('unit', units.unread) : undefined
    }
    unread = undefined
    await teller.things('unit', units, how)
  }

  async function lookAtNetwork(how: 'changes' | 'all'): Promise<void> {
    const seen = await readInterfaces(root, options.interfaces)
    await teller.wire([...seen].filter(([, { ok }]) => ok).map(([name]) => name))
    const known = [...teller.wired].map((name): [string, Thing] => [name, seen.get(name) ?? { ok: false, state: 'gone' }])
    await teller.things('network', new Map(known), how)
  }

  async function look(): Promise<void> {
    await lookAtNetwork('changes')
    const on = await isUpgrading(root, tools.now())
    if (on !== upgrading && (await teller.say([toBootFact(bootFacts.upgrade, host, host, { on })]))) upgrading = on
    const plan = readScheduled(await readText(join(root, '/run/systemd/shutdown/scheduled')))
    if (plan !== undefined && plan.at <= tools.now() + lookMs) await tellStopping(plan.reason)
    const nowMs = performance.now()
    if (nowMs - askMs < options.every) return
    askMs = nowMs
    await lookAtUnits('changes')
  }

  /** Whether it goes on, or was called off. */
  const inTurn = async (work: () => Promise<void>): Promise<void> => {
    try {
      await turns.take(work, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  tools.onRecheck(async ({ name }) => {
    if (name === bootFacts.unit) await turns.take(() => lookAtUnits('all'))
    else if (name === bootFacts.network) await turns.take(() => lookAtNetwork('all'))
    else throw new Error(`source ${tools.name} looks at units and the network, not at ${name}`)
  })

  async function first(): Promise<void> {
    if (boot !== undefined) await teller.say([toBootFact(bootFacts.boot, host, host, boot)])
    // An interface that is no longer there since the last run was taken out or has another name.
    const seen = await readInterfaces(root, options.interfaces)
    await teller.unwire([...teller.wired].filter((name) => !seen.has(name)))
    await lookAtNetwork('all')
    if (hasSystemd) await lookAtUnits('all')
    askMs = performance.now()
  }

  async function tellPrevious(): Promise<void> {
    if (boot === undefined || boot.uptimeSeconds > recentSeconds) return
    const previous = await readPreviousBoot(journalctl, boot.bootId, signal)
    const now = await readThisBoot(root)
    if (now !== undefined && Object.keys(previous).length > 0)
      await teller.say([toBootFact(bootFacts.boot, host, host, { ...now, ...previous })])
  }

  if (!hasSystemd)
    log.info(
      `source ${tools.name}: systemd does not run here; looked at are the boot, the network and upgrades, but no units`,
    )
  await inTurn(first)
  const listening = hasSystemd ? listen(journalctl, tools, tellStopping) : Promise.resolve()
  const looking = tellPrevious().catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
  await Promise.all([listening, looking, repeat(lookMs, signal, () => inTurn(look))])
  // Told to stop, we may be one of many.
  if (hasSystemd && !stopping) {
    const asked = await runCommand([systemctl, 'is-system-running'], { environment, timeoutMs: 500, killAfterMs: 50 })
    if (asked.stdout.trim() === 'stopping') await tellStopping('unknown')
  }
}

const environment = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' }

async function repeat(everyMs: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work()
    await wait(everyMs, undefined, { signal }).catch(() => {})
  }
}

/** Only what systemd itself and logind say, by fields that nobody else can write. */
const speakers = ['_PID=1', '+', '_SYSTEMD_UNIT=systemd-logind.service']

async function listen(
  journalctl: string,
  { signal }: SourceTools,
  tell: (reason: Reason) => Promise<void>,
): Promise<void> {
  let waitMs = firstWaitMs
  while (!signal.aborted) {
    const splitter = createLineSplitter()
    const startedMs = performance.now()
    await streamCommand([journalctl, ...journalWords, '--follow', '--lines=0', '--', ...speakers], {
      environment,
      signal,
      async onOutput(bytes) {
        const reasons: Reason[] = []
        splitter.push(bytes, (buffer, start, end) => {
          const reason = stoppingReason(readEntry(buffer.toString('utf8', start, end))?.text ?? '')
          if (reason !== undefined) reasons.push(reason)
        })
        for (const reason of reasons) await tell(reason)
      },
    })
    if (performance.now() - startedMs > longestWaitMs) waitMs = firstWaitMs
    await wait(waitMs, undefined, { signal }).catch(() => {})
    waitMs = Math.min(2 * waitMs, longestWaitMs)
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
