// Runs the sources of the config: each with its tools, its routes and a boundary that catches its bugs.
import { setTimeout as wait } from 'node:timers/promises'
import type { Ask } from '../engine/draft.ts'
import type { Engine } from '../engine/engine.ts'
import { IntakeFull } from '../engine/intake.ts'
import type { Input } from '../engine/input.ts'
import {
  type Batch,
  type EmitResult,
  type Log,
  NotStored,
  type Progress,
  type Question,
  type Recheck,
  type Rejected,
  type RouteHandler,
  type SourceTools,
} from '../source.ts'
import { type SourceRow, type Store, StoreFailed } from '../store/store.ts'
import type { NewEvent } from '../words.ts'
import type { AssembledSource } from './assemble.ts'

export interface SourceRoute {
  readonly source: string
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly open: readonly string[]
  readonly for?: 'agents' | 'enrolment'
  readonly handler: RouteHandler
}

export interface RunningSources {
  /** Starts what is new or changed, stops what is gone or changed, leaves the rest running. */
  runWith(sources: readonly AssembledSource[]): Promise<void>
  /** By method and path; the same array for as long as the hub runs. */
  readonly routes: readonly SourceRoute[]
  /** Has a source look up what a watch asked for. */
  ask(one: Ask): void
  stop(): Promise<void>
}

export interface SourcesTools {
  readonly engine: Engine
  readonly store: Store
  now(): number
  measure(source: string, name: string, value: number): void
  /** What the watchman says, ready to be queued. */
  answer(question: Question): Promise<Input>
  /** After a source was removed, or before it starts with other options. */
  stopped(source: string): void
  storeFailed(what: string, error: unknown): void
  /** Ways in that the hub itself has, which no source can take. */
  readonly routes: readonly SourceRoute[]
  readonly log: Log
}

interface Running {
  readonly source: AssembledSource
  readonly abort: AbortController
  readonly stopped: Promise<void>
}

/** A source has a second to stop; then we go on without it. */
const stopWithinMs = 1000
/** Nor is anybody kept waiting longer for one that cannot find its place. */
const placeWithinMs = 1000
const restartMs = 1000
const longestRestartMs = 300_000

export function createSources(tools: SourcesTools): RunningSources {
  const running = new Map<string, Running>()
  const routes: SourceRoute[] = [...tools.routes]
  const rechecks = new Map<string, (request: Recheck) => Promise<void>>()
  const { promise: started, resolve: letAsk } = Promise.withResolvers<void>()

  /** Told by a source's first word of where it stands. */
  const placed = new Map<string, () => void>()

  /** Resolves when it has taken its place in what it reads: what is written from then on is not missed. */
  async function start(source: AssembledSource): Promise<void> {
    const { name } = source
    const abort = new AbortController()
    const first = new Promise<void>((resolve) => placed.set(name, resolve))
    if (source.kind.reader !== undefined) tools.engine.catchingUp(name, true)
    const stopped = keepRunning(source, abort.signal)
    running.set(name, { source, abort, stopped })
    // One that only answers routes has come to its end when these are there.
    await Promise.race([first, stopped, wait(placeWithinMs, undefined, { ref: false })])
  }

  /** Our bug in one source stops neither the others nor, for long, itself: it goes on from its cursor. */
  async function keepRunning(source: AssembledSource, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        const saved = await tools.store.rows(source.name)
        const given = toolsFor({ ...source, place: { ...source.place, saved } }, signal)
        await source.kind.start(source.options, given)
        // One that only answers routes has nothing old to read, though a replay reads files of its.
        if (!signal.aborted) tools.engine.catchingUp(source.name, false)
        return
      } catch (error) {
        if (isAborted(signal)) return
        const waitMs = Math.min(restartMs * 2 ** failures, longestRestartMs)
        tools.log.error(`source ${source.name} failed in an unexpected way; it starts again in ${waitMs / 1000} s`, {
          error: error instanceof Error ? error.stack : String(error),
        })
        tools.measure(source.name, 'source_failures_total', failures + 1)
        removeRoutes(source.name)
        await wait(waitMs, undefined, { signal }).catch(() => {})
      }
    }
  }

  function removeRoutes(name: string): void {
    for (let index = routes.length - 1; index >= 0; index -= 1) {
      if (routes[index]?.source === name) routes.splice(index, 1)
    }
  }

  async function stopOne(name: string): Promise<void> {
    const one = running.get(name)
    if (one === undefined) return
    running.delete(name)
    one.abort.abort()
    removeRoutes(name)
    rechecks.delete(name)
    await Promise.race([one.stopped, new Promise((resolve) => setTimeout(resolve, stopWithinMs).unref())])
    tools.engine.catchingUp(name, false)
    tools.stopped(name)
  }

  function toolsFor(source: AssembledSource, signal: AbortSignal): SourceTools {
    const { name } = source
    return {
      name,
      place: source.place,
      signal,
      now: tools.now,
      log: tools.log,
      cursor: () => tools.store.cursor(name),
      measure: (what, value) => tools.measure(name, what, value),
      route(method, path, handler) {
        const taken = routes.find((route) => route.method === method && route.path === path)
        if (taken !== undefined) {
          tools.log.error(`sources ${taken.source} and ${name} both want ${method} ${path}; the first one keeps it`)
          return
        }
        routes.push({ source: name, method, path, open: source.open, handler })
      },
      emit: (batch, progress) => emit(name, batch, progress),
      ask: async (question, progress = {}) => {
        const answer = await tools.answer(question)
        await stored(() => tools.engine.submit([answer], toRow(name, progress)), tools)
      },
      onRecheck: (handler) => void rechecks.set(name, handler),
    }
  }

  async function emit(
    name: string,
    { events = [], facts = [], rejected = [] }: Batch,
    progress: Progress = {},
  ): Promise<EmitResult> {
    const receivedAt = tools.now()
    const inputs: Input[] = events.map((event) => ({ kind: 'event', source: name, event, receivedAt }))
    for (const fact of facts) inputs.push({ kind: 'fact', source: name, fact, receivedAt })
    for (const one of rejected) inputs.push({ kind: 'event', source: name, event: toRejectedEvent(one), receivedAt })
    const stepped = await stored(() => tools.engine.submit(inputs, toRow(name, progress)), tools)
    placed.get(name)?.()
    if (progress.caughtUp !== undefined) tools.engine.catchingUp(name, !progress.caughtUp)
    const own = stepped.slice(0, events.length)
    const duplicates = own.filter((one) => one.duplicate === true).length
    return { ids: own.map((one) => one.id ?? ''), accepted: own.length - duplicates, duplicates }
  }

  /** It ends with a fact that its source commits, or with the word that there is none. */
  async function ask({ source, ...request }: Ask): Promise<void> {
    try {
      const handler = rechecks.get(source)
      if (handler === undefined) throw new Error(`source ${source} does not run, or looks nothing up`)
      await handler(request)
    } catch (error) {
      tools.log.warn(`source ${source} could not look up ${request.name} ${request.key}`, { error: String(error) })
      const { name: fact, key } = request
      await tools.engine.command({ name: 'unanswered', source, fact, key })
    }
  }

  return {
    routes,
    // Not before the sources have started: what was asked before the last stop is asked again first of all.
    ask: (one) =>
      void started
        .then(() => ask(one))
        .catch((error: unknown) => tools.storeFailed('noting an unanswered recheck', error)),
    async runWith(sources) {
      const wanted = new Map(sources.map((source) => [source.name, source]))
      for (const [name, { source }] of running) {
        const next = wanted.get(name)
        if (next === undefined || !isSame(source, next)) await stopOne(name)
      }
      await Promise.all(sources.filter((source) => !running.has(source.name)).map(start))
      letAsk()
    },
    async stop() {
      await Promise.all([...running.keys()].map(stopOne))
    },
  }
}

async function stored<T>(act: () => Promise<T>, { storeFailed }: SourcesTools): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof StoreFailed) storeFailed('storing what a source saw', error)
    if (error instanceof StoreFailed || error instanceof IntakeFull)
      throw new NotStored(error.message, { cause: error })
    throw error
  }
}

function toRow(name: string, { cursor, put, delete: gone }: Progress): SourceRow | undefined {
  if (cursor === undefined && put === undefined && gone === undefined) return undefined
  return {
    name,
    ...(cursor === undefined ? {} : { cursor }),
    ...(put === undefined ? {} : { put }),
    ...(gone === undefined ? {} : { delete: gone }),
  }
}

/** Kept with its raw text, so that nothing a sender said is lost for being malformed. */
function toRejectedEvent({ raw, message }: Rejected): NewEvent {
  return { type: 'sereno.rejected', data: { raw: raw.slice(0, 4096), message } }
}

function isSame(one: AssembledSource, other: AssembledSource): boolean {
  const told = ({ kindName, options, place, open }: AssembledSource): string =>
    JSON.stringify([kindName, options, place.zone, place.host, open])
  return told(one) === told(other)
}

/** A function, because the signal changes while we wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
