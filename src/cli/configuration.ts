// The configuration as commands need it: checked, or made into what runs without ever asking the outside.
import { readFile } from 'node:fs/promises'
import { explain } from '../config/explain.ts'
import { builtInKinds, loadConfig, type LoadResult } from '../config/load.ts'
import { readConfig, type ReadResult } from '../config/read.ts'
import { assemble, type Assembly, type AssemblyTools } from '../hub/assemble.ts'
import type { Rule } from '../rule.ts'
import { Refusal } from './terminal.ts'

/** The one in the usual places, or the built-in one; `file` as on the command line. */
export function loadFor(file: string | undefined, references: 'must-exist' | 'may-be-missing'): Promise<LoadResult> {
  return loadConfig({ config: file, env: process.env, cwd: process.cwd(), references })
}

/** For replays. Secrets may be missing, since nothing is sent. */
export async function assembleFile(file: string | undefined): Promise<Assembly> {
  const read = await loadFor(file, 'may-be-missing')
  return toAssembly(read, (lines) => new Refusal(lines))
}

/** For scenarios: throws an `Error` with all mistakes, a line each. */
export async function assembleText(text: string, file: string): Promise<Assembly> {
  const kinds = await builtInKinds()
  const readText = (path: string): Promise<string> => readFile(path, 'utf8')
  const read = await readConfig({
    text,
    file,
    env: process.env,
    readFile: readText,
    kinds,
    references: 'may-be-missing',
  })
  return toAssembly(read, (lines) => new Error(lines))
}

/** Top down; undefined when the file has mistakes now. */
export async function readRulesOf(file: string | undefined): Promise<readonly Rule[] | undefined> {
  return (await loadFor(file, 'may-be-missing')).config?.rules
}

function toAssembly(read: ReadResult, fail: (lines: string) => Error): Promise<Assembly> {
  if (read.config === undefined) throw fail(explain(read.issues).join('\n'))
  return assemble(read.config, read.document, rehearsing)
}

/** A rehearsal stops before the send, so none of these is ever reached by a message. */
const rehearsing: AssemblyTools = {
  now: () => Date.now(),
  request: () => Promise.reject(new Error('a rehearsal asks nobody')),
  print: () => {},
  log: { info: () => {}, warn: () => {}, error: () => {} },
}
