// The contract of a mute window after the config was read: what it holds, when, and what becomes of that.
import type { Matcher } from './lib/matchers.ts'

export interface Mute {
  readonly name: string
  readonly kind: 'startup' | 'shutdown' | 'quiet' | 'maintenance' | 'upgrade' | 'backup'
  /** Event types; `*` stands for any characters. */
  readonly on: readonly string[]
  /** Event types that pass all the same. */
  readonly pass: readonly string[]
  readonly where: readonly Matcher[]
  readonly hold: 'all' | 'below-critical'
  readonly atEnd: AtEnd
  /** By the calendar: until when it covers `now`, if it does. Absent: watches open and close it, host by host. */
  covers?(now: number): number | undefined
}

/**
 * One-shots are listed in the report of the window's host (`report`), told together (`digest`, `re-evaluate`), or not
 * told (`silent`). Conditions are looked at again: those that still are so are told, in the report or by themselves;
 * those that ended are named in the digest (`digest`), else only recorded.
 */
export type AtEnd = 'report' | 're-evaluate' | 'digest' | 'silent'
