// What a hub does for itself at set times: retention, copies, a look at the clock, checks of the store.
import type { Engine } from '../engine/engine.ts'
import { sinceBootMs } from '../lib/boot-time.ts'
import type { Log } from '../source.ts'
import { rebuildAtNextStart } from '../store/rebuild-mark.ts'
import { copyPath } from '../store/recover.ts'
import type { Pruning } from '../store/prune.ts'
import type { Store } from '../store/store.ts'

export interface UpkeepTools {
  readonly store: Store
  readonly storePath: string
  readonly engine: Engine
  readonly retention: () => RetentionSpans
  readonly history: () => HistorySpans
  readonly log: Log
}

export interface RetentionSpans {
  readonly unmatchedMs: number
  readonly restMs: number
  readonly factsMs: number
  /** Absent: no limit. */
  readonly sizeBytes?: number
}

export interface HistorySpans {
  readonly minuteMs: number
  readonly tenMinutesMs: number
  readonly hourMs: number
}

const hourMs = 3_600_000
/** Samples are taken into the history so often; what is asked meanwhile sees them all the same. */
const rollMs = 10 * 60_000
const firstCopyMs = 60_000
const clockCheckMs = 5000
/** A gap is known to this much after a kill. */
const aliveMs = 30_000
/** A step of the wall clock of more than this is no drift. */
const jumpMs = 5000
const identityMs = 7 * 24 * hourMs
/** Rows per transaction while pruning, so that the writer never waits long. */
const pruneRows = 500

/** Returns what stops it. */
export function startUpkeep(tools: UpkeepTools): () => Promise<void> {
  const timers = [
    setInterval(() => void roll(tools), rollMs),
    setInterval(() => void attempt(tools, 'pruning', () => prune(tools)), hourMs),
    setInterval(
      () => void attempt(tools, 'copying the state', () => tools.store.copyState(copyPath(tools.storePath))),
      hourMs,
    ),
    setInterval(() => void attempt(tools, 'checking the store', () => check(tools)), 24 * hourMs),
    setInterval(watchClock(tools), clockCheckMs),
    setInterval(() => void attempt(tools, 'noting that it is alive', () => tools.engine.markAlive()), aliveMs),
    setTimeout(() => void attempt(tools, 'the first upkeep', () => firstRound(tools)), firstCopyMs),
  ]
  for (const timer of timers) timer.unref()
  return async () => {
    for (const timer of timers) clearTimeout(timer)
    await roll(tools)
  }
}

function roll(tools: UpkeepTools): Promise<void> {
  return attempt(tools, 'rolling up samples', async () => void (await tools.store.roll()))
}

async function firstRound(tools: UpkeepTools): Promise<void> {
  await check(tools)
  await prune(tools)
  await tools.store.copyState(copyPath(tools.storePath))
}

async function prune({ store, retention, history }: UpkeepTools): Promise<void> {
  const now = Date.now()
  const { unmatchedMs, restMs, factsMs, sizeBytes } = retention()
  const kept = history()
  const policy: Pruning = {
    now,
    unmatchedInfoBefore: now - unmatchedMs,
    restBefore: now - restMs,
    factsBefore: now - factsMs,
    identitiesBefore: now - identityMs,
    historyBefore: [now - kept.minuteMs, now - kept.tenMinutesMs, now - kept.hourMs],
    limitRows: pruneRows,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
  }
  await store.prune(policy)
}

async function check({ store, storePath, log }: UpkeepTools): Promise<void> {
  const found = await store.quickCheck()
  if (found === 'ok') return
  rebuildAtNextStart(storePath)
  log.error('the store is damaged; the next start sets it aside and rebuilds it from what can be read', { found })
}

async function attempt({ log }: UpkeepTools, what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    log.warn(`${what} failed; it is tried again at its next time`, { error: String(error) })
  }
}

/** Compares the wall clock with the time since boot, which nobody sets. */
function watchClock({ engine, log }: UpkeepTools): () => void {
  let offset = wallMinusBoot()
  return () => {
    const next = wallMinusBoot()
    if (next === undefined || offset === undefined) return
    const byMs = Math.round(next - offset)
    if (Math.abs(byMs) <= jumpMs) {
      offset = next
      return
    }
    offset = next
    log.warn('the wall clock was stepped', { bySeconds: byMs / 1000 })
    engine.command({ name: 'clock-jump', byMs }).catch((error: unknown) => {
      log.error('noting the clock step failed', { error: String(error) })
    })
  }
}

/** Undefined: there is nothing to compare with, and the caller says nothing. */
function wallMinusBoot(): number | undefined {
  const sinceBoot = sinceBootMs()
  return sinceBoot === undefined ? undefined : Date.now() - sinceBoot
}
