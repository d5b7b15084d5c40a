// What the watch remembers of the cluster as a whole: what the digest will say, and whether Redis can be read.
import type { ClusterFact, PlanSnapshot } from './facts.ts'

export type ClusterState = {
  readonly v: 1
  readonly plans: { readonly [id: string]: PlanCard }
  readonly unprotected: ClusterFact['unprotected']
  /** Said since the last digest. */
  readonly warnings: readonly { readonly at: number; readonly text: string }[]
  /** Present while Redis refuses. */
  readonly redis?: { readonly since: number; readonly problem: string; readonly told?: true }
  /** Alerts without a plan that have been told, as key and beginning. */
  readonly told: readonly string[]
  readonly digest?: { readonly at: number; readonly by: string }
  readonly timers: { readonly [name: string]: number }
}

export type PlanCard = {
  /** Without what its applications' last runs were. */
  readonly snapshot: PlanSnapshot
  /** Of the last run. */
  readonly report?: ReportCard
  /** The last look into each repository. */
  readonly checks: {
    readonly [module: string]: { readonly state: string; readonly at: number; readonly elsewhere?: true }
  }
  /** Repositories whose trouble has been told and is not over. */
  readonly troubles?: { readonly [module: string]: string }
}

export type ReportCard = {
  readonly outcome: string
  readonly at: number
  readonly endedAt?: number
  readonly modules: { readonly [id: string]: RowCard }
}

export type RowCard = {
  readonly verdict: string
  readonly lastGoodAt?: number
  readonly sizeBytes?: number
  readonly sizeChange?: number
}

export const emptyCluster: ClusterState = { v: 1, plans: {}, unprotected: [], warnings: [], told: [], timers: {} }
