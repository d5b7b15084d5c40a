// What one step of a row has in hand: its state as it becomes, what it says and what it wants looked up.
import type { AskFor, WatchPlace } from '../../watch.ts'
import type { JsonObject, NewEvent } from '../../words.ts'
import type { Options } from './options.ts'
import type { PlanState } from './state.ts'

export interface Work {
  /** The plan's id. */
  readonly id: string
  readonly options: Options
  readonly place: WatchPlace
  readonly now: number
  state: PlanState
  readonly events: NewEvent[]
  readonly asks: AskFor[]
}

export function change(work: Work, change: Partial<PlanState>): void {
  work.state = { ...work.state, ...change }
}

/** Takes parts of the state away. */
export function drop(
  work: Work,
  ...names: readonly ('run' | 'incident' | 'unread' | 'lookAt' | 'snapshot' | 'readAt')[]
): void {
  const state: { -readonly [name in keyof PlanState]: PlanState[name] } = { ...work.state }
  for (const name of names) delete state[name]
  work.state = state
}

export function ask(work: Work, name: string, key: string, body: JsonObject, at?: number): void {
  work.asks.push({ name, key, body, source: work.place.name, ...(at === undefined ? {} : { at }) })
}

export function iso(at: number): string {
  return new Date(at).toISOString()
}
