// Runs a program without a shell that goes on and on, and hands over what it says as it comes.
import { type ChildProcess, spawn } from 'node:child_process'
import { createTail } from './command.ts'

export interface StreamOptions {
  readonly environment: { readonly [name: string]: string | undefined }
  /** Ends the program. */
  readonly signal: AbortSignal
  /** The next piece is read when this has resolved; a throw ends the program and is passed on. */
  onOutput(bytes: Buffer): Promise<void>
  /** What it says on the side. */
  onNote?(bytes: Buffer): void
  /** It runs. */
  onStart?(): void
}

export interface StreamEnd {
  /** As a shell gives it: 127 for a program that does not exist, 126 for one that cannot be started. Absent: a signal ended it. */
  readonly exit?: number
  readonly signal?: string
  /** The end of what it said on the side. */
  readonly stderr: string
}

const killAfterMs = 500
const notesBytes = 8192

/** Resolves when the program has ended, however that came. */
export async function streamCommand(words: readonly string[], options: StreamOptions): Promise<StreamEnd> {
  const { environment, signal, onOutput, onNote, onStart } = options
  if (signal.aborted) return { stderr: '' }
  const [program = '', ...args] = words
  // A group of its own: what a terminal sends to us does not reach it before it does us.
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: environment })
  const ended = endOf(child)
  const notes = createTail(notesBytes)
  child.once('spawn', () => onStart?.())
  child.stderr.on('data', (bytes: Buffer) => {
    notes.push(bytes)
    onNote?.(bytes)
  })
  let killing: NodeJS.Timeout | undefined
  const stop = (): void => {
    child.kill('SIGTERM')
    killing ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  }
  signal.addEventListener('abort', stop)
  try {
    for await (const bytes of child.stdout) await onOutput(bytes as Buffer)
  } finally {
    // Of one that has closed its output, nothing more is to be had.
    if (child.exitCode === null && child.signalCode === null) stop()
    await ended
    clearTimeout(killing)
    signal.removeEventListener('abort', stop)
  }
  return { ...(await ended), stderr: notes.text() }
}

function endOf(child: ChildProcess): Promise<Omit<StreamEnd, 'stderr'>> {
  const { promise, resolve } = Promise.withResolvers<Omit<StreamEnd, 'stderr'>>()
  child.once('error', (error) => resolve({ exit: 'code' in error && error.code === 'ENOENT' ? 127 : 126 }))
  child.once('close', (code, signal) => resolve(code === null ? { signal: signal ?? 'SIGKILL' } : { exit: code }))
  return promise
}
