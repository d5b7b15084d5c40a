// What the watch remembers of one plan between two inputs: JSON, bounded by the plan's applications.
import type { Outcome } from './correlate.ts'
import type { Health, PlanSnapshot } from './facts.ts'
import type { GoodRun, ToldTrends } from './trends.ts'
import type { Lengths, RunWindow } from './window.ts'

export type PlanState = {
  readonly v: 1
  /** As last read. */
  readonly snapshot?: PlanSnapshot
  readonly readAt?: number
  /** Runs that were due before are none of our business: the plan was made, changed or enabled since. */
  readonly countFrom?: number
  /** When applications joined the plan, where that was later. */
  readonly since: ByModule<number>
  readonly good: ByModule<readonly GoodRun[]>
  /** When data was last saved by a run that failed all the same. */
  readonly saved: ByModule<number>
  readonly lengths: Lengths
  readonly health: ByModule<Health>
  readonly alerts: readonly Alert[]
  readonly run?: Run
  readonly incident?: Incident
  /** Repositories in trouble, as the daily look found. */
  readonly ailing: ByModule<Ailing>
  readonly trends: ByModule<ToldTrends>
  /** What has been told and still holds. */
  readonly told: readonly Standing[]
  /** Since when the plan cannot be read, and how often that was tried. */
  readonly unread?: Unread
  /** When the next look is due that we have asked for. */
  readonly lookAt?: number
  /** Timers that are set, by name. */
  readonly timers: { readonly [name: string]: number }
}

export type Unread = {
  readonly since: number
  readonly tries: number
  readonly problem: string
  /** The source itself gave no answer, so nobody else tells of it. */
  readonly isUnanswered?: true
}

export type ByModule<Value> = { readonly [module: string]: Value }

export type Standing = 'DISABLED' | 'EMPTY_PLAN' | 'BAD_SCHEDULE'

/** One occurrence of an alert. */
export type Alert = {
  /** Its fingerprint, or what stands for it. */
  readonly key: string
  readonly alertname: string
  readonly startsAt: string
  readonly startedAt?: number
  readonly node?: string
  readonly planName?: string
  readonly text: string
  readonly firing: boolean
  /** It says that no backup was made; all others say that one failed. */
  readonly missing: boolean
  /** When it was first heard of, and when it last came or went. */
  readonly at: number
  readonly changedAt: number
  /** Nothing has been said about it yet. */
  readonly open: boolean
  /** Its contradiction, or that it names no plan, has been told. */
  readonly told?: true
}

export type Run = {
  readonly window: RunWindow
  /** When a failure was first seen. */
  readonly badSince?: number
  /** All is well but for an alert: then it is looked at again. */
  readonly confirmAt?: number
  /** Its time is over, and only applications that joined since are still awaited. */
  readonly idle?: true
  /** When each repository was asked about. */
  readonly probes: ByModule<number>
  readonly concluded?: Concluded
}

export type Concluded = {
  readonly at: number
  readonly outcome: Outcome
  readonly signature: string
  /** When the last run of each application began, in seconds: a later one is another run. */
  readonly starts: ByModule<number>
  readonly endedAt?: number
}

export type Incident = {
  /** It keeps the type it began with. */
  readonly type: 'backup.report' | 'backup.missed'
  readonly openedAt: number
  /** When its first failure was seen; only a run that began later ends it. */
  readonly since: number
  /** When its first failed run was due. */
  readonly firstDue: number
  readonly outcome: Outcome
  readonly signature: string
  /** The applications that it is about. */
  readonly names: readonly string[]
  readonly provisional: boolean
  /** Nothing was seen of the runs that made it: what comes in late may end it. */
  readonly unseen: boolean
  readonly failedRuns: number
  /** The run counted last. */
  readonly lastRun: number
  /** An alert was taken back meanwhile. */
  readonly clearedAt?: number
}

export type Ailing = {
  readonly state: string
  /** Absent: it was asked about again before anything is told. */
  readonly told?: true
  readonly since: number
}

export const emptyPlan: PlanState = {
  v: 1,
  since: {},
  good: {},
  saved: {},
  lengths: { plan: [], first: {} },
  health: {},
  alerts: [],
  ailing: {},
  trends: {},
  told: [],
  timers: {},
}
