// The configuration as commands need it: checked, or made into what runs without ever asking the outside.
import { explain } from '../config/explain.ts'
import type { LoadResult } from '../config/load.ts'
import { assemble, type Assembly, type AssemblyTools } from '../hub/assemble.ts'
import { readConfiguration, readConfigurationText } from '../hub/configuration.ts'
import type { Rule } from '../rule.ts'
import { Refusal } from './terminal.ts'

/** The one in the usual places, or the built-in one; `file` as on the command line. */
export function loadFor(file: string | undefined, references: 'must-exist' | 'may-be-missing'): Promise<LoadResult> {
  return readConfiguration({ config: file, env: process.env, cwd: process.cwd(), references })
}

/** For replays. Secrets may be missing, since nothing is sent. */
export async function assembleFile(file: string | undefined): Promise<Assembly> {
  const read = await loadFor(file, 'may-be-missing')
  return toAssembly(read, (lines) => new Refusal(`the configuration ${read.file} has mistakes:\n${lines}`))
}

/** For scenarios: throws an `Error` with all mistakes, a line each. */
export async function assembleText(text: string, file: string): Promise<Assembly> {
  return toAssembly(await readConfigurationText(text, file), (lines) => new Error(lines))
}

/** Top down; undefined when the file has mistakes now. */
export async function readRulesOf(file: string | undefined): Promise<readonly Rule[] | undefined> {
  return (await loadFor(file, 'may-be-missing')).config?.rules
}

function toAssembly(read: LoadResult, fail: (lines: string) => Error): Promise<Assembly> {
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
