// The systemd source: what this machine says of its boot, its units, its network, its upgrades and its end, as facts.
import { setTimeout as wait } from 'node:timers/promises'
import { createTurns } from '../../lib/turns.ts'
import { type Boot, bootFacts } from '../../source-boot.ts'
import type { SourceKind, SourceTools } from '../../source.ts'
import { readPreviousBoot, readThisBoot } from './boot.ts'
import { listen } from './listen.ts'
import { type Borrowed, createLooks, type Looks } from './looks.ts'
import { systemdOptions, type SystemdOptions } from './options.ts'

export default createSystemd({
  systemctl: 'systemctl',
  journalctl: 'journalctl',
  ping: 'ping',
  root: '/',
  lookMs: 5000,
})

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

async function watch(options: SystemdOptions, borrowed: Borrowed, tools: SourceTools): Promise<void> {
  const { signal, log } = tools
  const boot = await readThisBoot(borrowed.root)
  const looks = createLooks(options, borrowed, tools, boot)
  const turns = createTurns(1)
  /** Until it is called off. */
  const inTurn = (work: () => Promise<void>): Promise<void> => unlessStopped(signal, () => turns.take(work, signal))

  tools.onRecheck(async ({ name, key }) => {
    if (name !== bootFacts.unit && name !== bootFacts.network)
      throw new Error(`source ${tools.name} looks at units and the network, not at ${name}`)
    await turns.take(() => looks.answer(name, key))
  })
  if (!looks.hasSystemd)
    log.info(
      `source ${tools.name}: systemd does not run here; looked at are the boot, the network and upgrades, but no units`,
    )
  await inTurn(looks.first)
  await Promise.all([
    looks.hasSystemd ? listen(borrowed.journalctl, signal, looks.tellStopping) : undefined,
    tellPrevious(boot, looks, borrowed, signal),
    repeat(borrowed.lookMs, signal, () => inTurn(looks.look)),
    options.gateway === false ? undefined : repeat(options.every, signal, () => unlessStopped(signal, looks.ping)),
  ])
  await looks.last()
}

/** In the background: the journal may be long. */
async function tellPrevious(
  boot: Boot | undefined,
  looks: Looks,
  { journalctl, root }: Borrowed,
  signal: AbortSignal,
): Promise<void> {
  if (boot === undefined || boot.uptimeSeconds > recentSeconds) return
  await unlessStopped(signal, async () => {
    const previous = await readPreviousBoot(journalctl, boot.bootId, signal)
    const now = await readThisBoot(root)
    if (now !== undefined && Object.keys(previous).length > 0) await looks.tellBoot({ ...now, ...previous })
  })
}

/** What is called off has failed for no other reason. */
async function unlessStopped(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function repeat(everyMs: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work()
    await wait(everyMs, undefined, { signal }).catch(() => {})
  }
}
