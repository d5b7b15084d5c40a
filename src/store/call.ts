// One call of the store by name: what the worker is sent, and what a store in place does at once.
import type { SqliteFile } from './sqlite-file.ts'

export function callOn(file: SqliteFile, method: string, args: readonly unknown[]): unknown {
  const owner: object = method in file ? file : file.past
  const run = (owner as { readonly [name: string]: (...values: readonly unknown[]) => unknown })[method]
  if (run === undefined) throw new Error(`the store cannot ${method}`)
  return run.apply(owner, [...args])
}
