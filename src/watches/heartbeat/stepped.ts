// What a step of a heartbeat comes to: its state, and what is to be said.
import type { NewEvent } from '../../words.ts'
import type { State } from './state.ts'

export interface Stepped {
  readonly state: State
  readonly events?: readonly NewEvent[]
}
