// Reads a ping out of the fact as which it was stored.
import type { Fact, Json } from '../../words.ts'

export interface Ping {
  readonly at: number
  readonly state: 'start' | 'ok' | 'fail' | 'log'
  readonly exitCode?: number
  readonly message?: string
  readonly log?: string
  readonly runId?: string
  readonly durationSeconds?: number
  readonly remote?: string
  /** Repeats of the same ping have the same. */
  readonly key?: string
}

export const pingFact = 'heartbeat.ping'

/** Undefined for what is no ping. */
export function readPing({ name, receivedAt, data }: Fact): Ping | undefined {
  const state = textOf(data['state'])
  if (name !== pingFact || (state !== 'start' && state !== 'ok' && state !== 'fail' && state !== 'log'))
    return undefined
  const numbers = { exitCode: numberOf(data['exitCode']), durationSeconds: numberOf(data['durationSeconds']) }
  const texts = {
    message: textOf(data['message']),
    log: textOf(data['log']),
    runId: textOf(data['runId']),
    remote: textOf(data['remote']),
    key: textOf(data['key']),
  }
  return { at: receivedAt, state, ...defined(numbers), ...defined(texts) }
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Defined<T>
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value + 0 : undefined
}
