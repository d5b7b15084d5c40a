// What one batch of inputs changes, collected while it is stepped: each input sees what the ones before it left.
import type { StageState } from '../rule.ts'
import type { Recheck } from '../source.ts'
import type { Attempt, Commit, Identity, InputRow, SourceRow, StoredPart } from '../store/store.ts'
import type { Mistake } from './mistake.ts'
import type { ConditionEnd, Delivery, Fact, HubEvent, Job, Json, NewEvent, Verdict } from '../words.ts'

/** A state row and the job under the same key, as the store has them. */
export interface Known {
  readonly value?: Json | undefined
  readonly job?: Job | undefined
}

export interface Base {
  /** Must have been loaded; an unknown key reads as absent. */
  known(key: string): Known | undefined
  /** Whether the key was loaded, be there a row or not. */
  has(key: string): boolean
  identity(key: string): Identity | undefined
  /** As stored when the batch began; null: there is none; undefined: not loaded. */
  delivery(seq: number): Delivery | null | undefined
}

/** An event that the hub makes itself: in its own name, in that of a watch, or to end a condition. */
export interface Derived {
  readonly event: NewEvent
  readonly cause: number
  /** Absent: sereno. */
  readonly source?: string
  readonly watch?: string
  readonly endedBy?: ConditionEnd
  /** How many events led to it; a watch that sees its own events must not go on for ever. */
  readonly depth?: number
  /** It reports what was held of a host: told on a channel, that is told there with it. */
  readonly absorbs?: Absorbs
}

export interface Absorbs {
  readonly host: string
  /** Keys of the rows of the conditions that it names. */
  readonly conditions: readonly string[]
  /** Keys of the jobs that look at what is held. */
  readonly held: readonly string[]
}

/** What a watch wants looked up, handed to its source once the wish is on disk. */
export interface Ask extends Recheck {
  readonly source: string
}

export class Draft implements StageState {
  readonly events: HubEvent[] = []
  readonly facts: Fact[] = []
  readonly verdicts: Verdict[] = []
  readonly inputs: InputRow[] = []
  readonly attempts: Attempt[] = []
  readonly parts: StoredPart[] = []
  readonly sources: SourceRow[] = []
  readonly settings: (readonly [string, Json])[] = []
  readonly deliveries = new Map<number, Delivery>()
  readonly state = new Map<string, { value: Json | undefined; expiresAt?: number }>()
  readonly jobs = new Map<string, Job | undefined>()
  readonly identities = new Map<string, Identity & { at: number }>()
  readonly asks: Ask[] = []
  /** Still to be judged before the input is done. */
  readonly derived: Derived[] = []
  /** Made for a channel that is no longer configured: they go to a fallback, or die visibly. */
  readonly orphans: Delivery[] = []
  /** Mistakes of our own, such as a watch that threw: what they were made on went on without it. */
  readonly mistakes: { readonly what: string; readonly error: Mistake }[] = []
  shiftJobsMs = 0
  /** Keys that were asked for and that nobody had loaded. */
  readonly missing = new Set<string>()
  readonly missingDeliveries = new Set<number>()
  readonly #base: Base
  #nextSeq: number

  constructor(base: Base, nextSeq: number) {
    this.#base = base
    this.#nextSeq = nextSeq
  }

  get nextSeq(): number {
    return this.#nextSeq
  }

  takeSeq(): number {
    const seq = this.#nextSeq
    this.#nextSeq += 1
    return seq
  }

  get(key: string): Json | undefined {
    const changed = this.state.get(key)
    if (changed === undefined) this.#need(key)
    return changed === undefined ? this.#base.known(key)?.value : changed.value
  }

  put(key: string, value: Json | undefined, expiresAt?: number): void {
    this.state.set(key, expiresAt === undefined ? { value } : { value, expiresAt })
  }

  #need(key: string): void {
    if (!this.#base.has(key)) this.missing.add(key)
  }

  jobOf(key: string): Job | undefined {
    if (!this.jobs.has(key)) this.#need(key)
    return this.jobs.has(key) ? this.jobs.get(key) : this.#base.known(key)?.job
  }

  job(job: Job): void {
    this.jobs.set(job.key, job)
  }

  cancel(key: string): void {
    this.jobs.set(key, undefined)
  }

  identity(key: string): Identity | undefined {
    return this.identities.get(key) ?? this.#base.identity(key)
  }

  /** A delivery as the inputs before left it; undefined: it is no longer kept, or not loaded yet. */
  delivery(seq: number): Delivery | undefined {
    const changed = this.deliveries.get(seq)
    if (changed !== undefined) return changed
    const stored = this.#base.delivery(seq)
    if (stored === undefined) this.missingDeliveries.add(seq)
    return stored ?? undefined
  }

  toCommit(): Commit {
    const jobs: Job[] = []
    const jobsDone: string[] = []
    for (const [key, job] of this.jobs) {
      if (job === undefined) jobsDone.push(key)
      else jobs.push(job)
    }
    return {
      inputs: this.inputs,
      events: this.events,
      facts: this.facts,
      verdicts: this.verdicts,
      state: Array.from(this.state, ([key, { value, expiresAt }]) => ({
        key,
        ...(value === undefined ? {} : { value }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      })),
      jobs,
      jobsDone,
      ...(this.shiftJobsMs === 0 ? {} : { shiftJobsMs: this.shiftJobsMs }),
      deliveries: [...this.deliveries.values()],
      attempts: this.attempts,
      parts: this.parts,
      identities: Array.from(this.identities, ([key, row]) => ({ key, ...row })),
      sources: this.sources,
      settings: this.settings,
    }
  }
}
