// Runs the sources of an agent: each with its tools, and a boundary that catches its bugs. What they emit goes to the buffer.
import { setTimeout as wait } from 'node:timers/promises'
import type { Batch, EmitResult, Log, Progress, ReaderPlace, Recheck, SourceKind, SourceTools } from '../source.ts'
import type { AgentItem, AgentRecheck } from '../source-agent.ts'
import type { AgentBuffer } from './buffer.ts'

export interface AgentSource {
  readonly name: string
  readonly kind: SourceKind
  readonly options: unknown
  readonly place: ReaderPlace
  readonly labels: { readonly [name: string]: string }
}

export interface AgentSources {
  /** Resolves when the source has emitted its answer; rejects when nobody here can give one. */
  recheck(one: AgentRecheck): Promise<void>
  /** All have stopped, or were given up on. */
  readonly stopped: Promise<void>
}

export interface AgentSourcesTools {
  readonly buffer: AgentBuffer
  now(): number
  /** There is something to tell. */
  emitted(): void
  readonly signal: AbortSignal
  readonly log: Log
}

const restartMs = 1000
const longestRestartMs = 300_000
/** A source may first find out whether the machine itself goes down. */
const stopWithinMs = 650

export function runSources(sources: readonly AgentSource[], tools: AgentSourcesTools): AgentSources {
  const rechecks = new Map<string, (request: Recheck) => Promise<void>>()
  const { signal } = tools

  /** Our bug in one source stops neither the others nor, for long, itself: it goes on from its cursor. */
  async function keepRunning(source: AgentSource): Promise<void> {
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        await source.kind.start(source.options, toolsFor(source))
        return
      } catch (error) {
        if (isAborted(signal)) return
        const waitMs = Math.min(restartMs * 2 ** failures, longestRestartMs)
        tools.log.error(`source ${source.name} failed in an unexpected way; it starts again in ${waitMs / 1000} s`, {
          error: error instanceof Error ? error.stack : String(error),
        })
        await wait(waitMs, undefined, { signal }).catch(() => {})
      }
    }
  }

  function toolsFor(source: AgentSource): SourceTools {
    const { name } = source
    return {
      name,
      place: placeOf(source, tools.buffer),
      signal,
      now: tools.now,
      log: tools.log,
      cursor: async () => tools.buffer.cursor(name),
      emit: async (batch, progress) => emit(source, batch, progress),
      onRecheck: (handler) => void rechecks.set(name, handler),
      ask: () => Promise.reject(new Error('questions are answered where the hub is; give this source to the hub')),
      route: (method, path) =>
        tools.log.error(
          `source ${name} wants to be called at ${method} ${path}, which only a hub can be; give it to the hub`,
        ),
      // Of its own an agent shows nothing: the hub knows when it was last heard of.
      measure: () => {},
    }
  }

  function emit(
    source: AgentSource,
    { events = [], facts = [], rejected = [] }: Batch,
    progress?: Progress,
  ): EmitResult {
    const now = tools.now()
    const { name, labels, place } = source
    const items: AgentItem[] = []
    for (const event of events) {
      const labelled = Object.keys(labels).length === 0 ? {} : { labels: { ...labels, ...event.labels } }
      items.push({
        source: name,
        event: { ...event, ...labelled, time: event.time ?? now, host: event.host ?? place.host },
      })
    }
    for (const fact of facts) items.push({ source: name, fact: { ...fact, time: fact.time ?? now } })
    for (const one of rejected) items.push({ source: name, rejected: one })
    tools.buffer.append(name, items, progress)
    if (items.length > 0) tools.emitted()
    return { ids: events.map(() => ''), accepted: events.length, duplicates: 0 }
  }

  const all = Promise.all(sources.map(keepRunning))
  const late = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => setTimeout(resolve, stopWithinMs).unref(), { once: true })
  })
  return {
    async recheck({ source, name, key, body }) {
      const handler = rechecks.get(source)
      if (handler === undefined) throw new Error(`source ${source} does not run here, or looks nothing up`)
      await handler({ name, key, body })
    },
    stopped: Promise.race([all.then(() => {}), late]),
  }
}

function placeOf({ name, place }: AgentSource, buffer: AgentBuffer): ReaderPlace {
  return {
    host: place.host,
    get zone() {
      return place.zone
    },
    saved: buffer.rows(name),
  }
}

/** A function, because the signal changes while we wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
