// The config of this machine, read and checked: for the hub, and for the commands that look at one.
import type { Config } from '../config/config.ts'
import { builtInKinds, type LoadOptions, type LoadResult, loadConfig } from '../config/load.ts'
import { readConfig } from '../config/read.ts'
import { readFile } from 'node:fs/promises'
import { createTemplateCheck } from './templates.ts'

/** Loads the library of templates only for a config that has some. */
export async function readConfiguration(options: LoadOptions): Promise<LoadResult> {
  const found = await loadConfig(options)
  if (found.config === undefined || !hasTemplates(found.config)) return found
  return loadConfig({ ...options, templateProblem: await createTemplateCheck() })
}

/** A config that is no file of its own, such as a scenario's; secrets it refers to may be missing. */
export async function readConfigurationText(text: string, file: string): Promise<LoadResult> {
  const options = { text, file, env: process.env, readFile: (path: string) => readFile(path, 'utf8') }
  const kinds = await builtInKinds()
  const templateProblem = await createTemplateCheck()
  return { ...(await readConfig({ ...options, kinds, references: 'may-be-missing', templateProblem })), file }
}

function hasTemplates(config: Config): boolean {
  return Object.keys(config.templates).length > 0 || config.rules.some((rule) => rule.template !== undefined)
}
