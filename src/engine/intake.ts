// The one transaction in the middle: gathers inputs, steps them in order, commits all they changed at once.
import type { IdentityRow, SourceRow, Store, StoredPart } from '../store/store.ts'
import type { Delivery, Json } from '../words.ts'
import type { Clock } from './clock.ts'
import { createCache } from './cache.ts'
import { Draft } from './draft.ts'
import type { Input } from './input.ts'
import type { Judge } from './judge.ts'
import { Mistake } from './mistake.ts'
import type { Plan } from './plan.ts'
import { insteadOf, planAll } from './refuse.ts'
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
  /** In force now. */
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
  inputs: readonly Input[]
  /** Made on its inputs, which are others by now. */
  readonly mistakes: Mistake[]
  /** Made when it came, while the store works on what came before; void once another judge is in force. */
  plans: readonly Plan[]
  plannedBy: Judge
  readonly progress: SourceRow | undefined
  resolve(stepped: readonly Stepped[]): void
  reject(error: unknown): void
}

/** A batch is cut at this many inputs, so that it keeps the main thread busy for a few milliseconds only. */
const batchInputs = 512
const waitingInputs = 20_000

export function createIntake(first: Judge, { store, clock, committed }: IntakeTools): Intake {
  let judge = first
  let nextSeq: number | undefined
  let running = false
  let queue: Waiting[] = []
  let queued = 0
  const cache = createCache(store)

  async function run(): Promise<void> {
    running = true
    while (queue.length > 0) await settle(takeBatch())
    running = false
  }

  async function settle(batch: readonly Waiting[]): Promise<void> {
    try {
      await commitBatch(batch)
    } catch (error) {
      cache.clear()
      const [one, ...others] = batch
      // Nothing is stored yet: what one of them cannot do is no reason to refuse the others.
      if (error instanceof Mistake && others.length > 0) for (const waiting of batch) await settle([waiting])
      else if (error instanceof Mistake && one !== undefined && replace(one, error)) await settle(batch)
      else for (const waiting of batch) waiting.reject(error)
    }
  }

  /** Takes out what we cannot judge; false: there is no such thing. */
  function replace(waiting: Waiting, mistake: Mistake): boolean {
    const index = waiting.plans.findIndex(({ input }) => input === mistake.input)
    const instead = mistake.input === undefined ? undefined : insteadOf(mistake.input, mistake)
    if (index < 0 || instead === undefined) return false
    waiting.mistakes.push(mistake)
    waiting.inputs = waiting.inputs.with(index, instead)
    waiting.plans = planAll(judge, waiting.inputs, onMistake(waiting.mistakes))
    return true
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
    cache.beginBatch()
    const now = clock.now()
    nextSeq ??= await store.nextSeq(now)
    // What the hub derives from an input is planned by nobody: its rows are loaded when they were missed, and as the
    // step is pure, it is simply taken again.
    let missed: Missed = nothingMissed
    for (;;) {
      planBy(judge, batch)
      const planned = batch.flatMap((waiting) => waiting.plans)
      await cache.load([...keysOf(planned), ...missed.keys], planned, missed.deliveries)
      // Another judge came into force meanwhile: whom it knows no more must not be told.
      if (batch.some(({ plannedBy }) => plannedBy !== judge)) continue
      const draft = new Draft(cache, nextSeq)
      const results = stepAll(batch, draft, now)
      missed = { keys: [...draft.missing], deliveries: [...draft.missingDeliveries] }
      if (missed.keys.length + missed.deliveries.length > 0 || !(await commit(draft))) continue
      nextSeq = draft.nextSeq
      cache.keep(draft)
      committed(draft)
      for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] ?? [])
      return
    }
  }

  /** False: some event is not as new as was thought; by now it is known which. */
  async function commit(draft: Draft): Promise<boolean> {
    const { identities = [], ...rest } = draft.toCommit()
    const [known, unknown] = [[], []] as [IdentityRow[], IdentityRow[]]
    for (const row of identities) (cache.identity(row.key) === undefined ? unknown : known).push(row)
    const taken = await store.commit({ ...rest, identities: known, newIdentities: unknown })
    cache.learn(taken)
    return taken.size === 0
  }

  function stepAll(batch: readonly Waiting[], draft: Draft, now: number): Stepped[][] {
    return batch.map((waiting) => {
      for (const delivery of waiting.deliveries) draft.deliveries.set(delivery.seq, delivery)
      draft.parts.push(...waiting.parts)
      draft.settings.push(...waiting.settings)
      if (waiting.progress !== undefined) draft.sources.push(waiting.progress)
      for (const error of waiting.mistakes) draft.mistakes.push({ what: 'judging what a source saw', error })
      return waiting.plans.map((one) => stepOne(one, draft, now))
    })
  }

  function stepOne(one: Plan, draft: Draft, now: number): Stepped {
    try {
      return step(judge, draft, one, now)
    } catch (error) {
      const mistake = Mistake.of(error)
      mistake.input = one.input
      throw mistake
    }
  }

  function enqueue(part: Partial<Waiting> & Pick<Waiting, 'inputs'>): Promise<readonly Stepped[]> {
    // Only what a sender can send again is refused: outcomes, jobs and commands have happened.
    const fromSource = part.inputs.some((input) => input.kind === 'event' || input.kind === 'fact')
    if (fromSource && queued > 0 && queued + part.inputs.length > waitingInputs) {
      return Promise.reject(new IntakeFull(`${queued} inputs wait for the disk; try again in a moment`))
    }
    return new Promise((resolve, reject) => {
      const mistakes: Mistake[] = []
      const plans = planAll(judge, part.inputs, onMistake(mistakes))
      const inputs = plans.map(({ input }) => input)
      const rows = { progress: undefined, deliveries: [], parts: [], settings: [], mistakes, ...part, inputs }
      queue.push({ plans, plannedBy: judge, ...rows, resolve, reject })
      queued += part.inputs.length
      if (running) return cache.expect(keysOf(plans))
      // Not at once: what arrives in the same turn of the event loop shares the transaction.
      running = true
      setImmediate(() => void run())
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

interface Missed {
  readonly keys: readonly string[]
  readonly deliveries: readonly number[]
}

const nothingMissed: Missed = { keys: [], deliveries: [] }

function onMistake(mistakes: Mistake[]): (input: Input, error: unknown) => Input {
  return (input, error) => {
    const mistake = Mistake.of(error)
    const instead = insteadOf(input, mistake)
    if (instead === undefined) throw mistake
    mistakes.push(mistake)
    return instead
  }
}

function planBy(judge: Judge, batch: readonly Waiting[]): void {
  for (const waiting of batch) {
    if (waiting.plannedBy === judge) continue
    waiting.plans = planAll(judge, waiting.inputs, onMistake(waiting.mistakes))
    waiting.inputs = waiting.plans.map(({ input }) => input)
    waiting.plannedBy = judge
  }
}

function keysOf(plans: readonly Plan[]): string[] {
  return plans.flatMap((one) => one.keys)
}
