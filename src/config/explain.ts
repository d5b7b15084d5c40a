// Mistakes as lines that people and editors can follow: file:line:column: what is wrong; what would be right.
import { printable } from '../lib/printable.ts'
import type { Issue } from '../words.ts'

export function explain(issues: readonly Issue[]): string[] {
  return issues.map(({ file, line, column, message }) => {
    const place = [file, line, column].filter((part) => part !== undefined).join(':')
    return printable(place === '' ? message : `${place}: ${message}`)
  })
}
