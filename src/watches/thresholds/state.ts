// What is kept of one host: what its sources sent last, and of its judged series those about which there is something to know. JSON.
import type { Severity } from '../../words.ts'
import type { Operator } from './options.ts'

export type State = {
  readonly v: 1
  readonly sources: { readonly [source: string]: Heard }
  /** By the key of its condition. */
  readonly series: { readonly [key: string]: Series }
}

/** The last sample that was judged. */
export type Heard = {
  readonly at: number
  /** Until the next, as its sender said; else the time between the last two. */
  readonly everyMs?: number
}

export type Series = {
  readonly name: string
  /** The source that sends it: what another one calls the same is not mixed up with it. */
  readonly source: string
  /** Limits that are passed, by level. */
  readonly passed?: { readonly [level: string]: Passed }
  /** Told as over its limit. */
  readonly firing?: Firing
  /** Since when the host has not sent it, though it sent others. */
  readonly goneAt?: number
  /** That has been told. */
  readonly missing?: true
  /** Of the last hours, where it is asked when it will be full. */
  readonly points?: readonly Point[]
}

export type Point = readonly [atSeconds: number, value: number]

export type Passed = {
  readonly since: number
  /** Samples. */
  readonly count: number
  readonly peak: number
  readonly peakAt: number
  /** For long enough; so it stays until its `clear`. */
  readonly active?: true
}

export type Firing = {
  readonly since: number
  readonly operator: Operator
  readonly limit: number
  readonly severity: Severity
  readonly origin: string
  /** As last seen. */
  readonly value: number
  readonly peak: number
  readonly peakAt: number
  readonly fullInSeconds?: number
}

/** The condition of it is open. */
export function isOpen({ firing, missing }: Series): boolean {
  return firing !== undefined || missing === true
}

/** Stable, and different for different series: only the last part may hold blanks. */
export function keyOf(host: string, metric: string, instance: string | undefined): string {
  const parts = [part(host), part(metric)]
  return (instance === undefined ? parts : [...parts, instance]).join(' ')
}

function part(text: string): string {
  return text.replaceAll('%', '%25').replaceAll(' ', '%20')
}
