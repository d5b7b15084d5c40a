// Runs a program without a shell: with a deadline, a bounded output, and an end for all that it started.
import { type ChildProcess, spawn } from 'node:child_process'

export interface CommandOptions {
  /** The whole environment of the program; absent: ours. */
  readonly environment?: { readonly [name: string]: string | undefined }
  /** After this the whole process group is told to end. */
  readonly timeoutMs: number
  /** How long it may take to end when told so, before it is killed. */
  readonly killAfterMs?: number
  /** Of each of the two outputs; the oldest lines are dropped first. */
  readonly maxBytes?: number
  /** Ends the program; the promise is then rejected with the signal's reason, once the program is gone. */
  readonly signal?: AbortSignal
}

export interface CommandEnd {
  /** As a shell gives it: 127 for a program that does not exist, 126 for one that cannot be started. Absent: a signal ended it. */
  readonly exit: number | undefined
  readonly signal?: string
  /** The deadline passed and we ended it, however it then went. */
  readonly timedOut: boolean
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

/** `words` are the program and its arguments, as they are: nothing is expanded or split. Rejects only when aborted. */
export async function runCommand(words: readonly string[], options: CommandOptions): Promise<CommandEnd> {
  const { signal, timeoutMs, killAfterMs = 5000, maxBytes = 256 * 1024 } = options
  signal?.throwIfAborted()
  const startedAt = performance.now()
  const child = start(words, options.environment)
  if (!('stdout' in child)) return toEnd(child, false, '', '', startedAt)
  const [stdout, stderr] = [createTail(maxBytes), createTail(maxBytes)]
  child.stdout?.on('data', stdout.push)
  child.stderr?.on('data', stderr.push)
  const closing = createClosing(child, killAfterMs)
  let timedOut = false
  const deadline = setTimeout(
    () => {
      timedOut = true
      closing.begin()
    },
    Math.min(timeoutMs, longestTimer),
  )
  signal?.addEventListener('abort', closing.begin)
  try {
    const end = await closing.ended
    signal?.throwIfAborted()
    return toEnd(end, timedOut, stdout.text(), stderr.text(), startedAt)
  } finally {
    clearTimeout(deadline)
    signal?.removeEventListener('abort', closing.begin)
  }
}

/** Keeps the last `maxBytes` of a stream, from the beginning of a line if there is one. */
export function createTail(maxBytes: number): { push(chunk: Buffer): void; text(): string } {
  let chunks: Buffer[] = []
  let size = 0
  let dropped = false
  function push(chunk: Buffer): void {
    chunks.push(chunk)
    size += chunk.length
    // Joined only now and then, so that a flood costs little more than its copying.
    if (size > 2 * maxBytes || chunks.length > 1024) chunks = [trim()]
  }
  function trim(): Buffer {
    const all = Buffer.concat(chunks)
    dropped ||= all.length > maxBytes
    const kept = all.subarray(Math.max(0, all.length - maxBytes))
    size = kept.length
    // A copy: a part would hold on to the whole.
    return Buffer.from(kept)
  }
  function text(): string {
    const kept = trim()
    return kept.subarray(dropped ? kept.indexOf(lineFeed) + 1 : 0).toString()
  }
  return { push, text }
}

type Ended = { readonly exit: number | undefined; readonly signal?: string; readonly problem?: string }

function start(words: readonly string[], environment: CommandOptions['environment']): ChildProcess | Ended {
  const [program = '', ...args] = words
  try {
    // A group of its own, so that what it starts can be ended with it.
    return spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(environment === undefined ? {} : { env: environment }),
    })
  } catch (error) {
    return toRefusal(program, error)
  }
}

/** How the program ends: by itself, or told so, or killed. */
function createClosing(child: ChildProcess, killAfterMs: number): { begin(): void; readonly ended: Promise<Ended> } {
  const { promise: ended, resolve } = Promise.withResolvers<Ended>()
  let killing: NodeJS.Timeout | undefined
  let leaving: NodeJS.Timeout | undefined
  child.once('error', (error) => resolve(toRefusal(child.spawnfile, error)))
  child.once('exit', () => {
    // A grandchild may hold the pipes open: it is given a moment and then ended too.
    leaving = setTimeout(() => {
      signalGroup(child, 'SIGKILL')
      child.stdout?.destroy()
      child.stderr?.destroy()
    }, leaveMs)
  })
  child.once('close', (code, signal) => {
    if (killing !== undefined) signalGroup(child, 'SIGKILL')
    clearTimeout(killing)
    clearTimeout(leaving)
    resolve({ exit: code ?? undefined, ...(signal === null ? {} : { signal }) })
  })
  function begin(): void {
    if (killing !== undefined) return
    signalGroup(child, 'SIGTERM')
    killing = setTimeout(() => signalGroup(child, 'SIGKILL'), killAfterMs)
  }
  return { begin, ended }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Nobody of the group is left.
  }
}

function toRefusal(program: string, error: unknown): Ended {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return { exit: 127, problem: `${program}: command not found` }
  return {
    exit: 126,
    problem: `${program}: cannot be started: ${error instanceof Error ? error.message : String(error)}`,
  }
}

function toEnd(ended: Ended, timedOut: boolean, stdout: string, stderr: string, startedAt: number): CommandEnd {
  const { problem, ...end } = ended
  return { ...end, timedOut, stdout, stderr: problem ?? stderr, tookMs: Math.round(performance.now() - startedAt) }
}

const lineFeed = 10
const leaveMs = 1000
/** A longer one would fire at once. */
const longestTimer = 2 ** 31 - 1
