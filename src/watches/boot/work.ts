// One step of one host: the state as it changes, and what there is to be said, opened, asked and timed.
import type { AskFor, Grace, Timer, WatchPlace, WatchResult, WindowChange } from '../../watch.ts'
import type { NewEvent } from '../../words.ts'
import type { BootOptions } from './options.ts'
import { shift, type State } from './state.ts'

export interface Work {
  readonly host: string
  readonly options: BootOptions
  readonly grace: Grace
  readonly now: number
  /** By how much the clock has been set, ever. */
  readonly steppedMs: number
  state: State | undefined
  readonly events: NewEvent[]
  readonly windows: WindowChange[]
  readonly timers: Timer[]
  readonly rechecks: AskFor[]
  result(): WatchResult<State>
}

const usual: Grace = { vmGraceMs: 180_000, graceMs: 300_000, shutdownGraceMs: 120_000, maxBootUptimeMs: 600_000 }

export function createWork(
  host: string,
  known: State | undefined,
  { options, place, now }: { readonly options: BootOptions; readonly place: WatchPlace; readonly now: number },
): Work {
  const work: Work = {
    host,
    options,
    grace: place.grace ?? usual,
    now,
    steppedMs: place.steppedMs ?? 0,
    state: known === undefined ? undefined : shift(known, place.steppedMs ?? 0),
    events: [],
    windows: [],
    timers: [],
    rechecks: [],
    result() {
      const { events, windows, timers, rechecks } = work
      return {
        ...(work.state === undefined || work.state === known ? {} : { state: work.state }),
        events,
        windows,
        timers,
        rechecks,
      }
    },
  }
  return work
}

export function change(work: Work, changes: Partial<State>): void {
  if (work.state !== undefined && Object.keys(changes).length > 0) work.state = { ...work.state, ...changes }
}
