// A hub as it is shipped, in a process of its own and a folder of its own.
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Child, startChild } from './child.ts'

export const root = dirname(dirname(import.meta.dirname))

/** What bin/sereno gives to Node.js. */
export const nodeFlags = readFlags(readFileSync(join(root, 'bin/sereno'), 'utf8'))

export interface BenchHub extends AsyncDisposable {
  readonly port: number
  readonly token: string
  /** From its start to the line that names its page. */
  readonly readyMs: number
  readonly process: Child
}

export interface BenchHubOptions {
  readonly folder: string
  /** YAML; absent: the built-in default. */
  readonly config?: string
  readonly nodeArgs?: readonly string[]
  readonly env?: { readonly [name: string]: string }
  /** Through bin/sereno, as a person starts it. */
  readonly launcher?: boolean
}

export async function startBenchHub(options: BenchHubOptions): Promise<BenchHub> {
  const { folder, config, nodeArgs = [], env = {}, launcher = false } = options
  const file = join(folder, 'sereno.yaml')
  if (config !== undefined) await writeFile(file, config)
  const args = ['run', '--data', join(folder, 'data'), '--listen', '127.0.0.1:0']
  if (config !== undefined) args.push('--config', file)
  const bundle = [...nodeFlags, ...nodeArgs, join(root, 'dist/sereno.js')]
  const startedAt = performance.now()
  const child = startChild({
    command: launcher ? join(root, 'bin/sereno') : process.execPath,
    args: launcher ? args : [...bundle, ...args],
    cwd: folder,
    env,
    deadlineMs: 300_000,
  })
  const said = await child.says('Its page: http')
  const readyMs = performance.now() - startedAt
  const port = Number(/Its page: http:\/\/[\d.]+:(\d+)/.exec(said)?.[1])
  const token = (await readFile(join(folder, 'data/token'), 'utf8')).trim()
  return { port, token, readyMs, process: child, [Symbol.asyncDispose]: () => child.stop() }
}

/** Gone with its block. */
export async function makeFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'sereno-bench-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

function readFlags(launcher: string): string[] {
  const words = /^exec "\$NODE" (.*) "\$@"$/m.exec(launcher)?.[1]
  const newer = /^\[ "\$major" -lt 26 \] \|\| set -- (\S+) "\$@"$/m.exec(launcher)?.[1]
  if (words === undefined || newer === undefined)
    throw new Error('bin/sereno has no line that starts Node.js as this bench knows it')
  return [...words.split(' '), newer]
}
