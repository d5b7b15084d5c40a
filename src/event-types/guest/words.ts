// Reads the data of events about guests without trust.
import { spanWords } from '../../lib/duration.ts'
import { cleanLine } from '../../lib/text.ts'
import type { Json, JsonObject, MessageField } from '../../words.ts'

export function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? cleanLine(value) : undefined
}

export function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

export function objectsOf(value: Json | undefined): JsonObject[] {
  if (!Array.isArray(value)) return []
  return value.filter((one): one is JsonObject => typeof one === 'object' && one !== null && !Array.isArray(one))
}

export function field(name: string, value: string | undefined, code = false): MessageField[] {
  return value === undefined ? [] : [{ name, value, ...(code ? { code: true } : {}) }]
}

export function lasted(value: Json | undefined): string | undefined {
  const seconds = numberOf(value)
  return seconds === undefined ? undefined : spanWords(seconds * 1000)
}

/** 21:30:05, in UTC. */
export function clockOf(value: Json | undefined): string | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : NaN
  return Number.isNaN(at) ? undefined : `${new Date(at).toISOString().slice(11, 19)} UTC`
}
