// Makes what a source handed in into an event: labels by the type's catalogue, the judge's time, the digest of its content; pure.
import { hash } from 'node:crypto'
import { toKey } from '../lib/key.ts'
import type { HubEvent, Json, NewEvent } from '../words.ts'
import type { Draft } from './draft.ts'
import type { EventInput } from './input.ts'
import { defaultMaxAgeMs, type Judge } from './judge.ts'

/** An event that has no position yet. */
export type Sketch = Omit<HubEvent, 'seq' | 'id'>

/** How far an event's own time may be ahead of its receipt before we distrust it. */
const aheadMs = 300_000
/** Hosts come by name from outside, and each has a row: one that was not heard of for so long is forgotten. */
const judgeTimeKeptMs = 30 * 86_400_000

/** Adds what the hub knows: source, host, labels by the type's catalogue, the default severity. */
export function toSketch(judge: Judge, input: EventInput): Sketch {
  const { event, receivedAt, source } = input
  const type = judge.types.get(event.type)
  const facts = judge.sources.get(source)
  const labels: Record<string, string> = { ...facts?.labels, ...event.labels }
  for (const name of type?.labels ?? []) {
    const value = event.data?.[name]
    if (value !== undefined && value !== null && labels[name] === undefined) labels[name] = toLabel(value)
  }
  const host = event.host ?? facts?.host
  return {
    type: event.type,
    time: event.time ?? receivedAt,
    receivedAt,
    source,
    ...(host === undefined ? {} : { host }),
    ...(event.subject === undefined ? {} : { subject: event.subject }),
    severity: event.severity ?? type?.severity ?? 'info',
    labels,
    data: event.data ?? {},
    ...(event.title === undefined ? {} : { title: event.title }),
    ...(event.text === undefined ? {} : { text: event.text }),
    ...(event.condition === undefined ? {} : { condition: event.condition }),
  }
}

function toLabel(value: Json): string {
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)).slice(0, 256)
}

export function maxAgeOf(judge: Judge, source: string): number {
  return judge.sources.get(source)?.maxAgeMs ?? defaultMaxAgeMs
}

export function judgeTimeKey(event: Sketch): string {
  return toKey('judge-time', event.source, event.host ?? '')
}

/** The events' own time, never going back for one source and host, never far ahead of the receipt. */
export function moveJudgeTime(draft: Draft, event: HubEvent): number {
  const key = judgeTimeKey(event)
  const last = draft.get(key) as number | undefined
  const judgeNow = Math.min(event.receivedAt + aheadMs, Math.max(event.time, last ?? event.time))
  if (judgeNow !== last) draft.put(key, judgeNow, event.receivedAt + judgeTimeKeptMs)
  return judgeNow
}

/** Tells one content from another under the same identity: what the sender said, whatever our config makes of it. */
export function digestOf(event: NewEvent): string {
  const { type, time, host, subject, severity, labels, data, title, text, condition } = event
  const said = [type, time, host, subject, severity, labels ?? {}, data ?? {}, title, text].map((one) => one ?? null)
  // When it ends by itself is no content: a sender moves it each time it repeats itself.
  const content = JSON.stringify(condition === undefined ? said : [...said, condition.key, condition.state])
  return hash('sha256', content, 'base64url').slice(0, 22)
}
