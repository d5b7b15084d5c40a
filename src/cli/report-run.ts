// `sereno report run NAME -- COMMAND`: the command as a stage: its exit code is the result, and ours; the end of what it says is told.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { createTail } from '../lib/command.ts'
import type { Result } from '../lib/kvp/event.ts'
import { readAttached } from './attached.ts'
import { checkName, finishStage, type ReportOptions, tell } from './report.ts'
import { closeStage, fileOf, fullName, openStage, stageFileVariable, stageVariable } from './stages.ts'
import { detailOf, Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface RunReportOptions extends ReportOptions {
  /** What it is when the command fails: WARN or FAIL. */
  readonly onFailure?: string
}

const tailBytes = 4096
/** What it started may live on and hold its outputs open. */
const outputWaitMs = 1000
const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export async function reportRun(
  name: string,
  words: readonly string[],
  options: RunReportOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const [program] = words
  if (program === undefined) throw new Refusal('name the command behind --, such as sereno report run NAME -- make', 2)
  const full = checkName(fullName(name))
  const failure = readFailure(options.onFailure)
  const file = fileOf(undefined)
  openStage(file, full)
  // What cannot be told must not keep the command from running; it speaks on standard error, since the output is the command's.
  const quiet: Terminal = { out: () => {}, error: (text) => terminal.error(text) }
  const description = options.message ?? `running ${basename(program)}`
  const told = await tell({ event: { type: 'start', name: full, description, at: Date.now() } }, options, quiet)
  for (const { ok, detail } of told) if (!ok) quiet.error(`sereno: ${detail}`)
  const startedAt = performance.now()
  const end = await runThrough(words, { ...process.env, [stageVariable]: full, [stageFileVariable]: file })
  const tookSeconds = (performance.now() - startedAt) / 1000
  const { children } = closeStage(file, full)
  const message = end.tail.trim() === '' ? end.words : end.tail.trim()
  const own: Result = end.code === 0 ? 'SUCCESS' : failure
  const files = await readAttached(options.file ?? [])
  const { message: _, ...rest } = options
  await finishStage(full, own, tookSeconds, { ...rest, message }, quiet, children, { exitCode: end.code, files })
  return end.code
}

interface End {
  readonly code: number
  readonly words: string
  readonly tail: string
}

/** Its outputs pass through; signals that we get, it gets. */
async function runThrough([program = '', ...words]: readonly string[], env: NodeJS.ProcessEnv): Promise<End> {
  const tail = createTail(tailBytes)
  const child = spawn(program, words, { stdio: ['inherit', 'pipe', 'pipe'], env })
  const stop = passSignals(child)
  try {
    for (const [stream, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const) {
      stream.on('data', tail.push)
      stream.pipe(to, { end: false })
    }
    const closed = once(child, 'close')
    closed.catch(() => {})
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, outputWaitMs).unref())])
    for (const stream of [child.stdout, child.stderr]) stream.destroy()
    if (signal === null) return { code: code ?? 1, words: code === 0 ? '' : `exit code ${code}`, tail: tail.text() }
    return { code: 128 + constants.signals[signal], words: `ended by ${signal}`, tail: tail.text() }
  } catch (error) {
    // As a shell has it: it is not there, or cannot be run.
    const code = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 127 : 126
    const sentence = `${program} cannot be run: ${detailOf(error)}`
    process.stderr.write(`sereno: ${sentence}.\n`)
    return { code, words: sentence, tail: '' }
  } finally {
    stop()
  }
}

function passSignals(child: ChildProcess): () => void {
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
  for (const signal of passedOn) process.on(signal, pass)
  return () => {
    for (const signal of passedOn) process.off(signal, pass)
  }
}

function readFailure(text = 'FAIL'): Result {
  const found = (['WARN', 'FAIL'] as const).find((known) => known === text.toUpperCase())
  if (found === undefined) throw new Refusal(`--on-failure ${text} is none; there are warn, fail`, 2)
  return found
}
