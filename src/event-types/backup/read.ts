// Reads the data of backup events without trust, and aligns what is told of them in columns.
import { readRfc3339 } from '../../lib/rfc3339.ts'
import type { JsonObject } from '../../words.ts'

export function textOf(data: JsonObject, name: string): string {
  const value = data[name]
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

export function numberOf(data: JsonObject, name: string): number | undefined {
  const value = data[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

export function timeOf(data: JsonObject, name: string): number | undefined {
  return readRfc3339(textOf(data, name))
}

export function objectOf(data: JsonObject, name: string): JsonObject {
  return toObject(data[name])
}

export function objectsOf(data: JsonObject, name: string): JsonObject[] {
  const value = data[name]
  return Array.isArray(value) ? value.map(toObject) : []
}

export function textsOf(data: JsonObject, name: string): string[] {
  const value = data[name]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** 2026-06-01 01:00 */
export function minute(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ')
}

/** 01:00:05 */
export function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 19)
}

/** 2026-06-01 */
export function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** +0.1 % */
export function percent(fraction: number): string {
  const text = (fraction * 100).toFixed(1)
  return `${Number(text) < 0 ? text : `+${text.replace('-', '')}`} %`
}

/** Columns as wide as their widest cell, with two blanks between them, or as many as are given. */
export function align(rows: readonly (readonly string[])[], gaps: readonly number[] = []): string {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)))
  const lines = rows.map((row) =>
    row.map((cell, index) => cell.padEnd((widths[index] ?? 0) + (gaps[index] ?? 2))).join(''),
  )
  return lines.map((line) => line.trimEnd()).join('\n')
}

function toObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}
