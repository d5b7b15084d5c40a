// The agent: sources that see, a buffer on disk that keeps, a sender that tells the hub.
import { hostname } from 'node:os'
import { join } from 'node:path'
import { readBootId, readMachineId, sinceBootMs } from '../lib/boot-time.ts'
import { request } from '../lib/http.ts'
import type { Log } from '../source.ts'
import { AgentBuffer, type BufferClock } from './buffer.ts'
import { enrol, isShared, readToken, tokenFile } from './enrol.ts'
import { startSender } from './sender.ts'
import { type AgentSource, runSources } from './sources.ts'

export interface AgentOptions {
  /** The address of the hub, without a slash at its end. */
  readonly hub: string
  readonly folder: string
  /** Absent: `token` in the folder. */
  readonly tokenFile?: string
  /** Of an invitation, to be turned into a token first. */
  readonly code?: string
  readonly sources: readonly AgentSource[]
  readonly bufferBytes: number
  readonly bufferAgeMs: number
  readonly log: Log
}

export interface Agent {
  /** Rejects when it can do no good: the hub does not take the code. */
  readonly failed: Promise<never>
  /** Within a second. */
  stop(): Promise<void>
}

const pruneMs = 3_600_000

/** Throws an `Error` with a sentence for people when it cannot start. */
export function startAgent(options: AgentOptions): Agent {
  const { hub, folder, code, log } = options
  const stopping = new AbortController()
  const [bootId, machineId, host] = [readBootId(), readMachineId(), hostname()]
  const clock: BufferClock = { now: () => Date.now(), sinceBoot: sinceBootMs }
  const path = options.tokenFile ?? join(folder, tokenFile)
  const buffer = new AgentBuffer({
    path: join(folder, 'buffer.db'),
    maxBytes: options.bufferBytes,
    maxAgeMs: options.bufferAgeMs,
    boot: JSON.stringify([bootId, machineId, host]),
    clock,
    log,
  })
  const pruning = setInterval(() => prune(buffer, log), pruneMs).unref()
  let wake = (): void => {}
  const sources = runSources(options.sources, {
    buffer,
    now: clock.now,
    emitted: () => wake(),
    signal: stopping.signal,
    log,
  })
  const about = {
    host,
    ...(bootId === undefined ? {} : { bootId }),
    ...(machineId === undefined ? {} : { machineId }),
  }

  /** What sources see meanwhile is kept: enrolling may take until somebody plugs in a cable. */
  async function start(): Promise<ReturnType<typeof startSender> | undefined> {
    if (code !== undefined) await enrol({ hub, code, folder, about, request, signal: stopping.signal, log })
    if (stopping.signal.aborted) return undefined
    if (isShared(path)) log.warn(`others on this machine may read ${path}; make it yours alone with: chmod 600 ${path}`)
    const { recheck } = sources
    const sender = startSender({ hub, buffer, token: () => readToken(path), about, clock, recheck, request, log })
    wake = () => sender.wake()
    return sender
  }

  const started = start()
  const { promise: failed, reject: fail } = Promise.withResolvers<never>()
  started.catch(fail)
  failed.catch(() => {})
  return {
    failed,
    async stop() {
      stopping.abort()
      clearInterval(pruning)
      await sources.stopped
      const sender = await started.catch(() => undefined)
      await sender?.stop()
      buffer[Symbol.dispose]()
    },
  }
}

function prune(buffer: AgentBuffer, log: Log): void {
  try {
    buffer.prune()
  } catch (error) {
    log.warn('dropping what is too old failed; it is tried again in an hour', { error: String(error) })
  }
}
