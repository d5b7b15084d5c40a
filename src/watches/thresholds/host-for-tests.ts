// A host that sends samples to the watch, minute by minute, and what the watch says of it.
import type { WatchInput, WatchKind } from '../../watch.ts'
import type { Json, JsonObject, NewEvent } from '../../words.ts'
import { sampleFact } from '../../source-sample.ts'
import thresholds from './index.ts'
import type { ThresholdOptions } from './options.ts'
import type { State } from './state.ts'

export const start = Date.UTC(2026, 10, 20, 3)
export const minute = 60_000
const watch: WatchKind<ThresholdOptions, State> = thresholds
const place = { name: 'limits', zone: 'UTC', host: 'hub' }

export interface Sending {
  readonly source?: string
  readonly host?: string
  /** Against the time of receipt, in minutes. */
  readonly lateBy?: number
  readonly everySeconds?: number
  readonly failedUnits?: readonly string[]
}

export class SendingHost {
  readonly events: NewEvent[] = []
  now = start
  #options
  #rows = new Map<string, State>()

  constructor(options: JsonObject) {
    this.#options = watch.options.parse(options)
  }

  reload(options: JsonObject): void {
    this.#options = watch.options.parse(options)
  }

  /** A sample, now; then a minute passes. */
  send(metrics: { readonly [series: string]: Json }, sending: Sending = {}): this {
    const { source = 'host', host = 'pi4', lateBy = 0, ...more } = sending
    const data = { metrics, ...more }
    const at = this.now - lateBy * minute
    const fact = { seq: 1, source, name: sampleFact, key: host, host, time: at, receivedAt: this.now, data }
    for (const key of watch.keys(this.#options, { kind: 'fact', fact }, place)) this.#step({ kind: 'fact', fact, key })
    return this.pass(1)
  }

  /** The same metric with these values, a minute apart. */
  cpu(...values: readonly number[]): this {
    for (const value of values) this.send({ cpu_percent: value })
    return this
  }

  pass(minutes: number): this {
    this.now += minutes * minute
    return this
  }

  forget(host: string): this {
    for (const key of watch.forget?.(this.#options, host, place) ?? []) this.#step({ kind: 'forget', key, host })
    return this
  }

  row(host = 'pi4'): State | undefined {
    return this.#rows.get(host)
  }

  /** `+9 firing over pi4 cpu_percent 90`: minutes since the start, what became of the condition and why, its key, the value. */
  said(): string[] {
    return this.events.splice(0).map(({ time = 0, condition, data }) => {
      const value = data?.['value'] ?? '-'
      const said = `${condition?.state} ${data?.['reason'] as string} ${condition?.key}`
      return `+${(time - start) / minute} ${said} ${JSON.stringify(value)}`
    })
  }

  #step(input: WatchInput): void {
    const { state, events = [] } = watch.step(this.#options, this.#rows.get(input.key), input, this.now, place)
    if (state === null) this.#rows.delete(input.key)
    else if (state !== undefined) this.#rows.set(input.key, state)
    this.events.push(...events)
  }
}
