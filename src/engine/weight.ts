// How much room events take in memory, about: what counts are their texts.
import type { HubEvent, Json } from '../words.ts'

/** In bytes, as if each character were one. */
export function weigh(events: readonly HubEvent[]): number {
  let bytes = 0
  for (const event of events) {
    bytes += fixedBytes + (event.title?.length ?? 0) + (event.text?.length ?? 0)
    for (const name in event.labels) bytes += name.length + (event.labels[name]?.length ?? 0)
    bytes += weighJson(event.data)
  }
  return bytes
}

/** Of an event with all its short fields, and of a value that is no text. */
const fixedBytes = 400
const valueBytes = 16

function weighJson(value: Json): number {
  if (typeof value === 'string') return valueBytes + value.length
  if (typeof value !== 'object' || value === null) return valueBytes
  let bytes = valueBytes
  if (Array.isArray(value)) for (const item of value as readonly Json[]) bytes += weighJson(item)
  else for (const [name, item] of Object.entries(value)) bytes += name.length + weighJson(item)
  return bytes
}
