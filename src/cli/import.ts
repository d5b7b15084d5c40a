// `sereno import janitor DIR`: a configuration of ours from another program's files, and what could not be taken over.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDurably } from '../lib/durable-file.ts'
import { detailOf, Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface ImportOptions {
  readonly output?: string
}

const heading = `# Made by 'sereno import janitor'. Look through it, then: sereno check && sereno run
# All options: docs/reference.md.
`

/** The configuration goes to the standard output (or `--output`), the remarks to the other one. */
export async function importJanitor(folder: string, options: ImportOptions, terminal: Terminal): Promise<ExitCode> {
  const files = await readFiles(folder)
  const { importJanitor: convert } = await import('../config/import/janitor.ts')
  const { stringify } = await import('yaml')
  const { config, remarks } = read(() => convert(files))
  const text = `${heading}\n${stringify(config, { lineWidth: 120, aliasDuplicateObjects: false })}`
  if (options.output === undefined) terminal.out(text.trimEnd())
  else await write(options.output, text)
  for (const remark of remarks) terminal.error(`sereno: ${remark}`)
  return 0
}

/** As Janitor reads them: main.yaml, then all of config/, by name. */
async function readFiles(folder: string): Promise<{ readonly name: string; readonly text: string }[]> {
  const main = await yamlIn(folder)
  const names = [...main, ...(await yamlIn(join(folder, 'config'))).map((name) => join('config', name))]
  const sorted = names.toSorted(
    (one, other) => Number(/(^|\/)main\.ya?ml$/.test(other)) - Number(/(^|\/)main\.ya?ml$/.test(one)),
  )
  if (sorted.length === 0)
    throw new Refusal(`There is no YAML file in ${folder} or its folder config. Name the folder of Janitor.`)
  return Promise.all(sorted.map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') }))).catch(
    (error: unknown) => {
      throw new Refusal(`A file of ${folder} cannot be read: ${detailOf(error)}.`, 1, { cause: error })
    },
  )
}

async function yamlIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new Refusal(`${folder} cannot be read: ${detailOf(error)}.`, 1, { cause: error })
  })
  return names.filter((name) => /\.ya?ml$/.test(name)).toSorted()
}

function read<Result>(convert: () => Result): Result {
  try {
    return convert()
  } catch (error) {
    throw new Refusal(`${detailOf(error)}.`, 1, { cause: error })
  }
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeDurably(path, text, { mode: 0o600, exclusive: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new Refusal(`${path} is there already and was left as it is. Name another file.`)
    throw new Refusal(`${path} cannot be written: ${detailOf(error)}.`, 1, { cause: error })
  }
}
