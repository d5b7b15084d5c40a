// Says in what state a restic repository is, from how restic ended and what it printed; pure.
import type { Checked, RepoLock, Said } from './restic-output.ts'
import { readChecked, readLockText, readSaid, readSnapshots } from './restic-output.ts'
import { texts } from './restic-texts.ts'
import { advise, putInWords } from './repo-words.ts'

export type RepoState =
  | 'OK'
  | 'STALE'
  | 'UNREACHABLE'
  | 'LOCKED'
  | 'LOCKED_STALE'
  | 'WRONG_PASSWORD'
  | 'AUTH_FAILED'
  | 'NOT_FOUND'
  | 'CORRUPTED'
  | 'NO_SPACE'
  | 'UNCONFIGURED'
  | 'TOOL_ERROR'
  | 'ERROR'
  | 'UNKNOWN'

export interface ProbeResult {
  /** Absent: a signal ended it. */
  readonly exit: number | undefined
  readonly signal?: string
  /** The deadline passed and we ended it. */
  readonly timedOut: boolean
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
  readonly command: 'snapshots' | 'check'
}

export interface ProbeContext {
  readonly now: number
  /** When the last run was due: a newest snapshot from before is stale. To the millisecond; allow for clocks that differ. */
  readonly due?: number
  /** A run of this repository's backup is on: its own locks are no trouble, the exclusive one of its retention neither. */
  readonly runInProgress?: boolean
  /** What `list locks` and `cat lock` told; with --no-lock, restic itself meets none. */
  readonly locks?: readonly RepoLock[]
  /** How many there are beside those. */
  readonly moreLocks?: number
  /** Why the locks could not be read. */
  readonly locksUnread?: string
  /** How a person calls restic for this repository; the command of the advice follows it. */
  readonly restic?: string
}

export interface RepoHealth {
  readonly state: RepoState
  readonly exit?: number
  /** Of the newest snapshot, in milliseconds. */
  readonly newest?: number
  readonly lock?: RepoLock
  /** One sentence for people. */
  readonly message: string
  /** The exact command that helps. */
  readonly advice?: string
  /** The last lines of what restic said, when it failed. */
  readonly detail?: string
  readonly tookMs: number
  /** The application is out of the probe's reach: nothing was learned about its repository. */
  readonly elsewhere?: true
}

/** What the rows of the table look at. */
export interface Seen {
  readonly result: ProbeResult
  readonly context: ProbeContext
  readonly said: Said
  readonly snapshots: { readonly newest?: number } | undefined
  readonly checked: Checked | undefined
  readonly lock: RepoLock | undefined
}

/** A restic that lives refreshes its lock every five minutes. */
export const staleLockMs = 30 * 60_000

/**
 * By the exit code first, since `check` counts a mere lock as an error, and by the text where the code does not tell:
 * restic before 0.17 exits with 1 for everything. The first row that holds decides.
 */
export function classify(result: ProbeResult, context: ProbeContext): RepoHealth {
  const seen = look(result, context)
  const state = rows.find(([, holds]) => holds(seen))?.[0] ?? 'UNKNOWN'
  const newest = result.command === 'snapshots' ? seen.snapshots?.newest : undefined
  const advice = advise(state, seen)
  return {
    state,
    ...(result.exit === undefined ? {} : { exit: result.exit }),
    ...(newest === undefined ? {} : { newest }),
    ...(seen.lock === undefined ? {} : { lock: seen.lock }),
    message: putInWords(state, seen),
    ...(advice === undefined ? {} : { advice }),
    ...(result.exit === 0 || seen.said.all.length === 0 ? {} : { detail: seen.said.all.slice(-20).join('\n') }),
    tookMs: result.tookMs,
    ...(state === 'TOOL_ERROR' && isElsewhere(seen) ? { elsewhere: true } : {}),
  }
}

function isElsewhere(seen: Pick<Seen, 'said' | 'result'>): boolean {
  return failed(seen, texts.elsewhere)
}

/** The lock to speak of: one left behind, else an exclusive one, else the oldest. */
export function pickLock(locks: readonly RepoLock[], now: number): RepoLock | undefined {
  const byAge = [...locks].sort((a, b) => (a.since ?? -Infinity) - (b.since ?? -Infinity))
  return byAge.find((lock) => isLeft(lock, now)) ?? byAge.find((lock) => lock.exclusive) ?? byAge[0]
}

/** Not refreshed for half an hour: whoever held it is gone. */
export function isLeft(lock: RepoLock, now: number): boolean {
  return lock.since !== undefined && now - lock.since > staleLockMs
}

function look(result: ProbeResult, context: ProbeContext): Seen {
  const said = readSaid(result.stderr)
  return {
    result,
    context,
    said,
    snapshots: readSnapshots(result.stdout),
    checked: readChecked(result.stdout),
    lock: isRefusedByLock({ result, said })
      ? readLockText(said.lines, context.now)
      : pickLock(context.locks ?? [], context.now),
  }
}

type Row = readonly [state: RepoState, holds: (seen: Seen) => boolean]

const rows: readonly Row[] = [
  ['UNREACHABLE', ({ result }) => result.timedOut || result.signal === 'SIGTERM'],
  // podman or a shell failed, or a signal came from outside: restic itself had no word in it.
  ['TOOL_ERROR', ({ result: { exit } }) => exit === undefined || (exit >= 125 && exit <= 127) || exit > 128],
  ['TOOL_ERROR', (seen) => failed(seen, texts.wrapperFailed)],
  ['TOOL_ERROR', isElsewhere],
  ['UNREACHABLE', (seen) => !isExact(seen.result.exit) && (failed(seen, texts.unreachable) || hasOnlyTried(seen))],
  ['LOCKED_STALE', (seen) => isRefusedByLock(seen) && isLeftBehind(seen)],
  ['LOCKED', isRefusedByLock],
  ['WRONG_PASSWORD', (seen) => seen.result.exit === 12 || failed(seen, texts.wrongPassword)],
  ['AUTH_FAILED', (seen) => failed(seen, texts.authFailed)],
  ['NOT_FOUND', (seen) => seen.result.exit === 10 || failed(seen, texts.notFound)],
  ['CORRUPTED', isDamaged],
  ['NO_SPACE', (seen) => failed(seen, texts.noSpace)],
  ['UNCONFIGURED', (seen) => failed(seen, texts.unconfigured)],
  // Of the wrapper, or of a Go program that panicked.
  ['TOOL_ERROR', ({ result }) => result.exit === 2],
  ['ERROR', ({ result }) => result.exit !== 0],
  ['UNKNOWN', (seen) => !isAnswer(seen)],
  ['CORRUPTED', (seen) => says(seen, texts.unreadableSnapshot)],
  ['LOCKED_STALE', isLeftBehind],
  ['LOCKED', ({ lock, context }) => lock !== undefined && !(context.runInProgress && !isLeft(lock, context.now))],
  [
    'STALE',
    ({ result, snapshots, context }) => result.command === 'snapshots' && isBefore(snapshots?.newest, context.due),
  ],
  ['OK', () => true],
]

function says({ said }: Pick<Seen, 'said'>, text: RegExp): boolean {
  return said.lines.some((line) => text.test(line))
}

function failed(seen: Pick<Seen, 'said' | 'result'>, text: RegExp): boolean {
  return seen.result.exit !== 0 && says(seen, text)
}

/** The codes of restic from 0.17 on say exactly what happened. */
function isExact(exit: number | undefined): boolean {
  return exit === 10 || exit === 11 || exit === 12
}

function hasOnlyTried({ result, said }: Seen): boolean {
  return result.exit !== 0 && said.lines.length === 0 && said.retries.length > 0
}

function isRefusedByLock(seen: Pick<Seen, 'said' | 'result'>): boolean {
  return seen.result.exit === 11 || failed(seen, texts.locked) || failed(seen, texts.invalidLock)
}

function isLeftBehind({ lock, context }: Seen): boolean {
  return lock !== undefined && isLeft(lock, context.now) && context.runInProgress !== true
}

function isDamaged(seen: Seen): boolean {
  if (failed(seen, texts.damaged)) return true
  const { result, checked } = seen
  return (
    result.command === 'check' && (failed(seen, texts.checkFailed) || (result.exit !== 0 && hasBrokenPacks(checked)))
  )
}

function hasBrokenPacks(checked: Checked | undefined): boolean {
  return checked !== undefined && checked.brokenPacks > 0
}

/** Whether it was restic that answered, and with what was asked for. */
function isAnswer({ result, snapshots, checked }: Seen): boolean {
  return result.command === 'snapshots' ? snapshots !== undefined : checked?.errors === 0
}

function isBefore(newest: number | undefined, due: number | undefined): boolean {
  return due !== undefined && (newest ?? -Infinity) < due
}
