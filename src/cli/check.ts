// `sereno check [FILE]`, or `--config FILE` as `run` has it: every mistake of a configuration at once, with its place and a way out.
import { explain } from '../config/explain.ts'
import { dryRunWords } from '../hub/dry-run.ts'
import { loadFor } from './configuration.ts'
import { Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface CheckOptions {
  readonly config?: string
}

export async function check(file: string | undefined, options: CheckOptions, terminal: Terminal): Promise<ExitCode> {
  if (file !== undefined && options.config !== undefined)
    throw new Refusal('FILE and --config exclude each other: give one of them', 2)
  const { config, issues, warnings, file: name, path } = await loadFor(file ?? options.config, 'must-exist')
  if (path === undefined) {
    throw new Refusal(
      "There is no configuration to check: neither $SERENO_CONFIG nor ./sereno.yaml nor /etc/sereno/sereno.yaml. 'sereno init' writes one.",
    )
  }
  for (const line of explain(issues)) terminal.out(line)
  for (const line of explain(warnings)) terminal.error(`warning: ${line}`)
  if (config === undefined) return 1
  if (config.hub.dryRun) terminal.error(`warning: ${dryRunWords}`)
  const sources = config.sources.filter((source) => !source.implied)
  const { channels, rules } = config
  terminal.out(`${name}: ok (${count(sources, 'source')}, ${count(channels, 'channel')}, ${count(rules, 'rule')})`)
  return 0
}

function count({ length }: readonly unknown[], noun: string): string {
  return `${length} ${noun}${length === 1 ? '' : 's'}`
}
