// Writes events to a pool: gathers what comes at once into one append, keeps what could not be written, and is bounded in all it keeps.
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { fit } from './bounds.ts'
import { enterBoot, readVmId } from './boot.ts'
import { cloudInitPrefix } from './cloud-init.ts'
import type { KvpEvent, Writer } from './event.ts'
import { createNotice } from './notice.ts'
import { countRecords } from './own-records.ts'
import type { OpenPool, PoolRefusal } from './open-pool.ts'
import { createPoolFile } from './pool-file.ts'
import type { Pair } from './record.ts'
import { createRoom } from './room.ts'
import { atMost, later } from './timers.ts'
import type { Flushed, Reporter, ReporterOptions, ReporterStatus, Written } from './reporting.ts'

interface Item {
  readonly event: KvpEvent
  readonly uuid: string
  readonly unlessThere?: boolean
  pairs?: readonly Pair[]
  /** Of an event that is tried once. */
  readonly settle?: (written: Written) => void
}

const usual = { mostRecords: 500, mostWaiting: 1000, lockWaitMs: 2000 }
/** So soon after a write a daemon that read before it has rewritten the pool. */
const lookAgainAfterMs = [50, 500, 2000]
/** One append: memory that stays in the processor's cache. */
const recordsAtOnce = 256
const retryAfterMs = { absent: 30_000, failing: [1000, 2000, 5000, 10_000, 30_000] }

export function createReporter(options: ReporterOptions): Reporter {
  const { mostRecords, mostWaiting, lockWaitMs } = { ...usual, ...withoutUndefined(options) }
  const { path, locks, prefix, now, warn } = options
  const pool = createPoolFile({
    path,
    locks,
    lockWaitMs,
    isChanged: (key) => writer !== undefined && key === notice.keyOf(writer),
    roomIn: (open) => (writer === undefined ? 0 : room.left(open, `${prefix}|${writer.incarnation}|`)),
  })
  const room = createRoom(mostRecords, pool)
  const notice = createNotice({ file: pool, encode: options.encode, now })
  const status = {
    state: 'opening' as ReporterStatus['state'],
    locks: locks === undefined ? ('none' as const) : ('flock and fcntl' as const),
    written: 0,
    waiting: 0,
    dropped: 0,
    merged: 0,
    again: 0,
    repaired: 0,
    cleared: 0,
  }
  let queue: Item[] = []
  let writer: Writer | undefined
  let working: Promise<void> | undefined
  let scheduled = false
  let failures = 0
  let lastRefusal: PoolRefusal | undefined
  let retryTimer: NodeJS.Timeout | undefined
  let lookTimer: NodeJS.Timeout | undefined
  let lookStep = 0
  /** Taken from the queue, and neither written nor refused yet. */
  let writing = 0
  let droppedSaid = false
  let closed = false
  const crowded = `${mostRecords} records of this boot are in ${path}`

  function schedule(): void {
    if (scheduled || working !== undefined) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      if (queue.length > 0) void work()
    })
  }

  /** One at a time. */
  function work(): Promise<void> {
    clearTimeout(retryTimer)
    working ??= drain().finally(() => {
      working = undefined
      if (queue.length > 0 && lastRefusal === undefined) schedule()
    })
    return working
  }

  async function drain(): Promise<void> {
    let refusal = await enter()
    do refusal ??= await writeBatch()
    while (refusal === undefined && queue.length > 0)
    lastRefusal = refusal
    if (refusal === undefined) {
      failures = 0
      status.state = 'ready'
      lookAgain()
      return
    }
    refuse(refusal)
  }

  async function enter(): Promise<PoolRefusal | undefined> {
    if (writer !== undefined) return undefined
    const boot = await enterBoot({
      path,
      locks,
      lockWaitMs,
      prefix,
      foreign: options.foreign ?? 'keep',
      markerFolder: options.markerFolder,
      ...(options.proc === undefined ? {} : { proc: options.proc }),
    })
    if (!boot.ok) return boot
    status.cleared += boot.cleared
    writer = { prefix, incarnation: boot.incarnation, vmId: options.vmId ?? readVmId() }
    return undefined
  }

  async function writeBatch(): Promise<PoolRefusal | undefined> {
    const items = queue.splice(0, recordsAtOnce).filter(encodeItem)
    if (writer === undefined || (items.length === 0 && notice.unsaid(status.dropped) === 0)) return undefined
    const by = writer
    const own = { start: `${prefix}|${by.incarnation}|`, shared: prefix === cloudInitPrefix, notice: notice.keyOf(by) }
    let kept: readonly Item[] = items
    writing = items.length
    const done = await pool.append((open, again) => {
      const missing = items.filter((item) => !isThere(item, open))
      const fitted = room.fit(open, missing, own, again)
      kept = fitted.kept
      status.merged += fitted.merged.length + fitted.gone.merged
      for (const item of fitted.merged) item.settle?.({ ok: true })
      for (const item of fitted.dropped) drop(item, crowded)
      if (fitted.gone.dropped > 0) noteDropped(fitted.gone.dropped, crowded)
      return kept.flatMap(({ pairs = [] }) => pairs).concat(notice.pairs(open, by, status.dropped))
    })
    writing = 0
    if (!done.ok) {
      queue = [...kept, ...queue]
      return done
    }
    notice.noteAppended()
    status.written += kept.length
    status.again += done.again
    if (done.repaired > 0) status.repaired += 1
    for (const item of kept) item.settle?.({ ok: true })
    return undefined
  }

  function isThere({ unlessThere, pairs = [], settle }: Item, open: OpenPool): boolean {
    const [first] = pairs
    if (unlessThere !== true || first === undefined || countRecords(open.fd, 0, open.size, `${first.key}\0`) === 0)
      return false
    settle?.({ ok: true })
    return true
  }

  /** False: it cannot be said, which is its own trouble alone. */
  function encodeItem(item: Item): boolean {
    if (writer === undefined) return false
    try {
      item.pairs ??= options.encode(item.event, writer, item.uuid)
      return true
    } catch (error) {
      const detail = `an event cannot be written as records: ${error instanceof Error ? error.message : String(error)}`
      if (item.settle === undefined) status.dropped += 1
      warn(detail)
      item.settle?.({ ok: false, reason: 'invalid', detail })
      return false
    }
  }

  function drop(item: Item, detail: string): void {
    if (item.settle === undefined) noteDropped(1, detail)
    else status.dropped += 1
    item.settle?.({ ok: false, reason: 'crowded', detail })
  }

  function noteDropped(count: number, detail: string): void {
    if (!droppedSaid) warn(`events are dropped: ${detail}`)
    droppedSaid = true
    status.dropped += count
  }

  /** Those that are tried once hear of it; the others wait. */
  function refuse(refusal: PoolRefusal): void {
    const waiting = queue.filter(({ settle }) => settle === undefined)
    for (const item of queue) item.settle?.(refusal)
    const fitted = fit(waiting, mostWaiting, eventOf, () => 1)
    status.merged += fitted.merged.length
    for (const item of fitted.dropped) drop(item, refusal.detail)
    queue = [...fitted.kept]
    status.state = refusal.reason === 'absent' ? 'absent' : 'failing'
    if (failures === 0 && queue.length > 0) warn(`${refusal.detail}; ${queue.length} events wait`)
    failures += 1
    if (queue.length > 0 && !closed) retryTimer = later(retryDelay(refusal), () => void work())
  }

  function retryDelay({ reason }: PoolRefusal): number {
    const { absent, failing } = retryAfterMs
    return reason === 'absent' ? absent : (failing[Math.min(failures, failing.length) - 1] ?? absent)
  }

  /** Whether a rewrite has lost what was just written; each write begins that anew. */
  function lookAgain(): void {
    lookStep = 0
    if (lookTimer === undefined) waitToLook()
  }

  function waitToLook(): void {
    const delay = lookAgainAfterMs[lookStep]
    lookTimer =
      delay === undefined || closed
        ? undefined
        : later(delay, () => {
            lookStep += 1
            void (working ?? recover()).finally(waitToLook)
          })
  }

  async function recover(): Promise<void> {
    const done = await pool.recover()
    if (done.ok) status.again += done.again
  }

  async function flush(deadlineMs: number): Promise<Flushed> {
    const until = performance.now() + deadlineMs
    for (;;) {
      // Nothing but the locks is waited for, and for those only so long.
      if (until - performance.now() > 3 * lockWaitMs) await work()
      else await atMost(work(), until - performance.now())
      if (queue.length + writing === 0 && working === undefined) return { waiting: 0 }
      const left = until - performance.now()
      if (left <= 0 || lastRefusal?.reason === 'absent') break
      if (lastRefusal !== undefined) await wait(Math.min(left, 50))
    }
    const detail = lastRefusal?.detail ?? (working === undefined ? undefined : `${path} is held by another program`)
    return { waiting: queue.length + writing, ...(detail === undefined ? {} : { detail }) }
  }

  return {
    publish(event) {
      queue.push({ event, uuid: randomUUID() })
      // While another holds the pool, nothing is taken from the queue either.
      if (working !== undefined || lastRefusal !== undefined) refuseOverflow()
      if (lastRefusal === undefined) schedule()
    },
    write(event, { uuid = randomUUID(), unlessThere = false } = {}) {
      return new Promise((settle) => {
        queue.push({ event, uuid, unlessThere, settle })
        schedule()
      })
    },
    flush,
    async settle() {
      await wait(lookAgainAfterMs[0])
      await work()
      await recover()
    },
    get status() {
      return { ...status, waiting: queue.length + writing }
    },
    async [Symbol.asyncDispose]() {
      closed = true
      clearTimeout(retryTimer)
      clearTimeout(lookTimer)
      await working
      await pool.close()
    },
  }

  function refuseOverflow(): void {
    if (queue.length <= mostWaiting) return
    const fitted = fit(queue, mostWaiting, eventOf, () => 1)
    status.merged += fitted.merged.length
    for (const item of fitted.dropped) drop(item, 'too much waits')
    queue = [...fitted.kept]
  }
}

function eventOf({ event }: Item): KvpEvent {
  return event
}

function withoutUndefined(options: ReporterOptions): Partial<typeof usual> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
