// This machine, looked at again and again: each time a sample of its processor, memory, disks and so on, as a fact.
import { z } from 'zod'
import { untilBoundary } from '../../lib/boundary.ts'
import { duration } from '../../lib/schema.ts'
import { createTurns } from '../../lib/turns.ts'
import { NotStored, type SourceKind, type SourceTools } from '../../source.ts'
import { sampleFact, stoppingFact, toSampleFact } from '../../source-sample.ts'
import { createSampler } from './sampler.ts'
import { createSystemd } from './systemd.ts'

const folder = (usual: string) =>
  z
    .string()
    .regex(/^\//, `write a whole path, such as ${usual}`)
    .transform((path) => path.replace(/(?<=.)\/+$/, ''))
    .prefault(usual)

const options = z.strictObject({
  every: duration({ minMs: 1000 })
    .prefault('60s')
    .describe('How often a sample is taken, at whole multiples of it: 60s is at each full minute.'),
  proc: folder('/proc').describe('Where the /proc of the machine is. In a container: where the host’s is mounted.'),
  sys: folder('/sys').describe('Where its /sys is.'),
  root: folder('/').describe(
    'Where its / is, for file systems and the machine id. In a container: where the host’s is mounted, with what is mounted ' +
      'below it (docker run -v /:/host:ro,rslave). systemd is asked only when this is /.',
  ),
})

type Options = z.output<typeof options>

/** What it borrows from the machine. */
export interface Borrowed {
  readonly systemctl: string
  readonly stat: string
  readonly run: string
}

export default createHost({ systemctl: 'systemctl', stat: 'stat', run: '/run' })

export function createHost(borrowed: Borrowed): SourceKind<Options> {
  return {
    about:
      'Samples this machine: processor, memory, swap, load, file systems, temperatures, pressure, uptime and failed units, from /proc and /sys.',
    options,
    example: { every: '60s' },
    start: (given, tools) => watch(given, borrowed, tools),
  }
}

async function watch({ every, proc, sys, root }: Options, borrowed: Borrowed, tools: SourceTools): Promise<void> {
  const { host } = tools.place
  const { signal, log } = tools
  const say = (level: 'info' | 'warn', message: string): void => log[level](`source ${tools.name}: ${message}`)
  const systemd = createSystemd({
    // In a container the one that answers, if any, is not the host's.
    ...(root === '/' ? { run: borrowed.run } : {}),
    systemctl: borrowed.systemctl,
    signal,
    warn: (message) => say('warn', message),
  })
  const nowMs = (): number => performance.now()
  const sampler = createSampler({ proc, sys, root, everyMs: every, stat: borrowed.stat, systemd, signal, nowMs, say })
  const turns = createTurns(1)
  let failing = false

  /** One after another, so that each has its own share of the processor's time. */
  const sample = (): Promise<void> =>
    turns.take(async () => {
      const time = tools.now()
      const taken = await sampler.take()
      if (!signal.aborted) await tools.emit({ facts: [toSampleFact(host, taken, time)] })
    })

  async function sampleInTurn(): Promise<void> {
    try {
      await sample()
      failing = false
    } catch (error) {
      // What was still asked has been called off.
      if (signal.aborted) return
      if (!(error instanceof NotStored)) throw error
      if (!failing) say('warn', 'samples are lost, since they cannot be stored')
      failing = true
    }
  }

  tools.onRecheck(async ({ name, key }) => {
    if (name !== sampleFact || key !== host) throw new Error(`source ${tools.name} looks at ${host} alone`)
    await sample()
  })

  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  while (!signal.aborted) {
    // Not held up by what hangs when it is to stop.
    await Promise.race([sampleInTurn(), aborted])
    await untilBoundary(every, tools.now, signal)
  }
  if (await systemd.isStopping()) {
    const fact = { name: stoppingFact, key: host, host, data: sampler.boot() }
    await tools.emit({ facts: [fact] }).catch((error: unknown) => {
      if (!(error instanceof NotStored)) throw error
    })
  }
}
