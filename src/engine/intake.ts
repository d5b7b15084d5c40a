// The one transaction in the middle: gathers inputs, steps them in order, commits all they changed at once.
import type { Identity, SourceRow, Store, StoredPart } from '../store/store.ts'
import type { Delivery, Json } from '../words.ts'
import type { Clock } from './clock.ts'
import { Draft, type Base, type Known } from './draft.ts'
import type { Input } from './input.ts'
import type { Judge } from './judge.ts'
import { plan, type Plan } from './plan.ts'
import { step, type Stepped } from './step.ts'

export interface Intake {
  /**
   * Steps the inputs and stores them with the source's progress, all in one transaction; resolves when on disk.
   * Rejects with `StoreFailed` when the store refused (nothing was kept), with `IntakeFull` when too much waits.
   */
  submit(inputs: readonly Input[], progress?: SourceRow): Promise<readonly Stepped[]>
  /** Stores deliveries and parts as they are, in the same order and transactions as everything else. */
  note(rows: Partial<Notes>): Promise<void>
  /** Puts another judge into force between two batches. */
  judgeBy(judge: Judge): void
  readonly busy: boolean
  /** Forgets what it knows of the store's rows. */
  readonly judge: Judge
}

export interface Notes {
  readonly deliveries: readonly Delivery[]
  readonly parts: readonly StoredPart[]
  readonly settings: readonly (readonly [key: string, value: Json])[]
}

export interface IntakeTools {
  readonly store: Store
  readonly clock: Clock
  /** Told after each commit, in order. */
  committed(draft: Draft): void
}

/** Too many inputs wait for the disk: the sender shall try again. */
export class IntakeFull extends Error {
  override readonly name = 'IntakeFull'
}

interface Waiting extends Notes {
  readonly inputs: readonly Input[]
  readonly progress: SourceRow | undefined
  resolve(stepped: readonly Stepped[]): void
  reject(error: unknown): void
}

/** A batch is cut at this many inputs, so that it keeps the main thread busy for a few milliseconds only. */
const batchInputs = 512
const waitingInputs = 20_000
const cachedKeys = 50_000

export function createIntake(first: Judge, { store, clock, committed }: IntakeTools): Intake {
  let judge = first
  let nextSeq: number | undefined
  let running = false
  let queue: Waiting[] = []
  let queued = 0
  const cache = createCache(store)

  async function run(): Promise<void> {
    running = true
    while (queue.length > 0) {
      const batch = takeBatch()
      try {
        await commitBatch(batch)
      } catch (error) {
        cache.clear()
        for (const waiting of batch) waiting.reject(error)
      }
    }
    running = false
  }

  function takeBatch(): Waiting[] {
    let count = 0
    let end = 0
    for (const waiting of queue) {
      if (end > 0 && count + waiting.inputs.length > batchInputs) break
      count += waiting.inputs.length
      end += 1
    }
    const batch = queue.slice(0, end)
    queue = queue.slice(end)
    queued -= count
    return batch
  }

  async function commitBatch(batch: readonly Waiting[]): Promise<void> {
    const plans = batch.map((waiting) => waiting.inputs.map((input) => plan(judge, input)))
    const planned = plans.flat()
    const identities = planned.flatMap((one) => one.identity ?? [])
    await cache.load(
      planned.flatMap((one) => one.keys),
      identities,
    )
    const now = clock.now()
    nextSeq ??= await store.nextSeq(now)
    let draft = new Draft(cache, nextSeq)
    let results = stepAll(batch, plans, draft, now)
    // What the hub derives from an input is planned by nobody: its rows are loaded when they were missed, and as the
    // step is pure, it is simply taken again.
    while (draft.missing.size + draft.missingDeliveries.size > 0) {
      await cache.load([...draft.missing], identities, [...draft.missingDeliveries])
      draft = new Draft(cache, nextSeq)
      results = stepAll(batch, plans, draft, now)
    }
    await store.commit(draft.toCommit())
    nextSeq = draft.nextSeq
    cache.keep(draft)
    committed(draft)
    for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] ?? [])
  }

  function stepAll(
    batch: readonly Waiting[],
    plans: readonly (readonly Plan[])[],
    draft: Draft,
    now: number,
  ): Stepped[][] {
    return batch.map((waiting, index) => {
      for (const delivery of waiting.deliveries) draft.deliveries.set(delivery.seq, delivery)
      draft.parts.push(...waiting.parts)
      draft.settings.push(...waiting.settings)
      if (waiting.progress !== undefined) draft.sources.push(waiting.progress)
      return (plans[index] ?? []).map((one) => step(judge, draft, one, now))
    })
  }

  function enqueue(part: Partial<Waiting> & Pick<Waiting, 'inputs'>): Promise<readonly Stepped[]> {
    // Only what a sender can send again is refused: outcomes, jobs and commands have happened.
    const fromSource = part.inputs.some((input) => input.kind === 'event' || input.kind === 'fact')
    if (fromSource && queued > 0 && queued + part.inputs.length > waitingInputs) {
      return Promise.reject(new IntakeFull(`${queued} inputs wait for the disk; try again in a moment`))
    }
    return new Promise((resolve, reject) => {
      queue.push({ progress: undefined, deliveries: [], parts: [], settings: [], ...part, resolve, reject })
      queued += part.inputs.length
      // Not at once: what arrives in the same turn of the event loop shares the transaction.
      if (!running) {
        running = true
        setImmediate(() => void run())
      }
    })
  }

  return {
    submit: (inputs, progress) => enqueue({ inputs, progress }),
    note: async (rows) => {
      await enqueue({ inputs: [], ...rows })
    },
    judgeBy: (next) => {
      judge = next
    },
    get judge() {
      return judge
    },
    get busy() {
      return running
    },
  }
}

interface Cache extends Base {
  /** Identities are those of one batch only, and so are deliveries. */
  load(keys: readonly string[], identities: readonly string[], deliveries?: readonly number[]): Promise<void>
  keep(draft: Draft): void
  clear(): void
}

/** Rows this process has read or written; one process owns the store, so they stay true. */
function createCache(store: Store): Cache {
  const rows = new Map<string, Known>()
  const identities = new Map<string, Identity>()
  const deliveries = new Map<number, Delivery | null>()
  return {
    known: (key) => rows.get(key),
    has: (key) => rows.has(key),
    identity: (key) => identities.get(key),
    delivery: (seq) => deliveries.get(seq),
    clear() {
      rows.clear()
      deliveries.clear()
    },
    async load(keys, wanted, named = []) {
      const state = new Set(keys.filter((key) => !rows.has(key)))
      identities.clear()
      if (state.size + wanted.length + named.length === 0) return
      const loaded = await store.load({ state: [...state], identities: wanted, deliveries: named })
      for (const seq of named) deliveries.set(seq, loaded.deliveries.get(seq) ?? null)
      for (const key of state) rows.set(key, { value: loaded.state.get(key), job: loaded.jobs.get(key) })
      for (const [key, identity] of loaded.identities) identities.set(key, identity)
    },
    keep(draft) {
      deliveries.clear()
      for (const [key, { value }] of draft.state) rows.set(key, { ...rows.get(key), value })
      for (const [key, job] of draft.jobs) rows.set(key, { ...rows.get(key), job })
      if (draft.shiftJobsMs !== 0) rows.clear()
      if (rows.size <= cachedKeys) return
      let surplus = rows.size - cachedKeys / 2
      for (const key of rows.keys()) {
        if (surplus <= 0) break
        rows.delete(key)
        surplus -= 1
      }
    },
  }
}
