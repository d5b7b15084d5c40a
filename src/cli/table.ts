// Lists for people: columns as wide as their widest cell, foreign text made safe.
import { cut, printable } from '../lib/printable.ts'

const maxCell = 60

/** Lines of a table; the last column is not padded, nor are empty columns shown. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cut(printable(cell), maxCell)))
  const shown = head.map((_, column) => column).filter((column) => cells.some((row) => (row[column] ?? '') !== ''))
  const widths = shown.map((column) => Math.max(...[head, ...cells].map((row) => width(row[column] ?? ''))))
  return [head, ...cells]
    .map((row) =>
      shown
        .map((column, index) => pad(row[column] ?? '', widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function pad(text: string, to: number): string {
  return text + ' '.repeat(Math.max(0, to - width(text)))
}

function width(text: string): number {
  return Array.from(text).length
}
