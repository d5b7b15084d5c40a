// What an event of a pool says, whoever wrote it, and the words its parts are written in.

export const results = ['SUCCESS', 'WARN', 'FAIL'] as const
export type Result = (typeof results)[number]

export interface KvpEvent {
  /** `start`, `finish`, `diagnostic` … */
  readonly type: string
  /** Of a stage, its parents before it: `init/config/ssh`. */
  readonly name: string
  readonly description: string
  /** Milliseconds since 1970; a fraction says microseconds. */
  readonly at: number
  readonly result?: Result
  readonly durationSeconds?: number
}

/** Who writes. */
export interface Writer {
  readonly prefix: string
  readonly incarnation: number
  readonly vmId: string
}

export const nobody = '00000000-0000-0000-0000-000000000000'

const minuteMs = 60_000
/** The years that four digits can say. */
const firstAt = Date.parse('0001-01-01T00:00:00Z')
const lastAt = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

let knownMinute = Number.NaN
let knownText = ''

/** As Python's `isoformat` writes UTC without its suffix: microseconds, or none when they are 0. */
export function isoTime(at: number): string {
  if (!(at >= firstAt && at <= lastAt)) throw new RangeError(`${at} is no time that a record can say`)
  const micros = Math.round(at * 1000)
  const wholeMs = Math.floor(micros / 1000)
  const minute = Math.floor(wholeMs / minuteMs)
  if (minute !== knownMinute) {
    knownMinute = minute
    knownText = new Date(minute * minuteMs).toISOString().slice(0, 17)
  }
  const withinMinute = micros - minute * minuteMs * 1000
  const seconds = Math.floor(withinMinute / 1_000_000)
  const fraction = withinMinute - seconds * 1_000_000
  const text = knownText + (seconds < 10 ? `0${seconds}` : String(seconds))
  return fraction === 0 ? text : `${text}.${String(fraction).padStart(6, '0')}`
}
