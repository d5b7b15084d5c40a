// One figure of a bench, and whether it meets its bar.

export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** Begins with the bar, if there is one: `at least 10` or `at most 0.3`; then how it was measured. */
  readonly note: string
}

/** Undefined: there is no bar, the figure is for orientation. What could not be measured meets none. */
export function meetsBar({ value, note }: BenchRow): boolean | undefined {
  const [, direction, number] = /^at (least|most) ([\d,.]*\d)/.exec(note) ?? []
  if (number === undefined) return undefined
  const bar = Number(number.replaceAll(',', ''))
  return direction === 'least' ? value >= bar : value <= bar
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** The smallest value that so large a share of all does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

export function round(value: number, digits = 1): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}
