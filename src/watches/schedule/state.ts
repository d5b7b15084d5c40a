// What is kept of a schedule: when it runs next and what it gathers, and the last figures of each host in a row of its own.
import type { WatchPlace } from '../../watch.ts'
import type { ScheduleOptions } from './options.ts'

export type MainState = {
  readonly v: 1
  /** All that the next time and the hosts were chosen by, to notice that it has changed. */
  readonly setting: string
  /** The time of the schedule that is next, without what it is put off by; absent: it never runs again. */
  readonly slotAt?: number
  /** When it last ran, else since when it is there. */
  readonly since: number
  /** Of a report: the hosts that have sent a sample, by name. */
  readonly hosts?: readonly string[]
  /** Of a report that is being made. */
  readonly gathered?: readonly Figures[]
  /** Of a sample: the hosts for which it is waited. */
  readonly waiting?: readonly string[]
  readonly tally?: Tally
}

/** The last sample of a host. */
export type Figures = {
  readonly host: string
  readonly at: number
  readonly metrics: { readonly [series: string]: number }
  readonly failedUnits?: readonly string[]
}

export type HostState = { readonly v: 1; readonly figures: Figures } | { readonly v: 1; readonly isTooMany: true }

/** What came since the last digest. */
export type Tally = {
  readonly events: number
  readonly severities: { readonly [severity: string]: number }
  readonly types: { readonly [type: string]: number }
  /** Of types beyond the first hundred. */
  readonly otherTypes: number
  readonly begun: number
  readonly ended: number
  /** Conditions that began and have not ended, as far as they were seen. */
  readonly open: { readonly [key: string]: Open }
  /** Beyond those that are kept by name. */
  readonly otherOpen: number
}

export type Open = { readonly type: string; readonly host?: string; readonly subject?: string; readonly since: number }

export type State = MainState | HostState

export interface Setting {
  readonly options: ScheduleOptions
  readonly place: WatchPlace
  readonly zone: string
  readonly now: number
}

export type HostWord = { readonly here: true } | { readonly gone: true } | { readonly figures: Figures }
export type MainWord = { readonly report: true } | { readonly isTooMany: true } | { readonly reread: true }
/** The main row to itself, once all hosts have answered. */
export const allAnswered = { done: true } as const

export const mainRow = 'main'
const hostPrefix = 'host:'

export function rowOf(host: string): string {
  return hostPrefix + host
}

export function hostOf(row: string): string {
  return row.slice(hostPrefix.length)
}
