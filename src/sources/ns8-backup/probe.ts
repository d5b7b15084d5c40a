// Asks restic how a repository is, without ever taking a lock itself: a lock of ours would make a backup's retention fail.
//
// A probe runs two commands where all is well, `snapshots` and `list locks`, since a restic that takes no lock meets none;
// where there are locks, also `cat lock` for at most three of them. A repository that does not answer is asked once.
// A check asks for the locks first, and is put off while somebody prunes: it would take what is just being removed for damage.
import type { CommandEnd, CommandOptions } from '../../lib/command.ts'
import { printable } from '../../lib/printable.ts'
import { createTurns } from '../../lib/turns.ts'
import { classify, isLeft, type ProbeContext, type ProbeResult, type RepoHealth } from './classify.ts'
import { type Asker, createAsker } from './restic-command.ts'
import { readLock, readLockIds, readSaid, type RepoLock } from './restic-output.ts'

export interface ProbeOptions {
  /**
   * The command line up to restic's own arguments, as program and arguments; `{module}` and `{plan}` are filled in,
   * in the values of `environment` too. Absent: restic-wrapper of NethServer 8, from core 3.1.3 on.
   */
  readonly command?: readonly string[]
  /** Added to our own, such as RESTIC_REPOSITORY and RESTIC_PASSWORD. */
  readonly environment?: { readonly [name: string]: string }
  /** For all commands of a probe together. */
  readonly timeoutMs?: number
  /** For a check, which may read the whole repository. */
  readonly checkTimeoutMs?: number
  /** How long restic may take to end before it is killed. */
  readonly killAfterMs?: number
  /** Probes at the same time; the others wait. */
  readonly atOnce?: number
  /** Runs a command line. */
  readonly run?: (words: readonly string[], options: CommandOptions) => Promise<CommandEnd>
}

export interface ProbedRepository {
  /** Such as mail1. */
  readonly module: string
  readonly planId: string
}

export interface ProbeCall {
  readonly signal: AbortSignal
  readonly now: number
  readonly due?: number
  readonly runInProgress?: boolean
  /** Absent: snapshots. */
  readonly command?: 'snapshots' | 'check'
  /** For a check: reads the data of this part of the packs as well, from 1 to `of`. */
  readonly subset?: { readonly part: number; readonly of: number }
}

/** Rejects only when aborted; what goes wrong in the world is a state. */
export type Probe = (repository: ProbedRepository, call: ProbeCall) => Promise<RepoHealth>

export function createProbe(options: ProbeOptions = {}): Probe {
  const turns = createTurns(options.atOnce ?? 2)
  return async (repository, call) => {
    const refusal = findFault(repository)
    if (refusal !== undefined) return { state: 'UNCONFIGURED', message: refusal, tookMs: 0 }
    return turns.take(() => probe(options, repository, call), call.signal)
  }
}

async function probe(options: ProbeOptions, repository: ProbedRepository, call: ProbeCall): Promise<RepoHealth> {
  const { command = 'snapshots', now, due, runInProgress } = call
  const asker = createAsker(options, repository, call)
  const context: ProbeContext = {
    now,
    restic: asker.restic,
    ...(due === undefined ? {} : { due }),
    ...(runInProgress === undefined ? {} : { runInProgress }),
  }
  const health = await (command === 'check' ? check(asker, context, call.subset) : listSnapshots(asker, context))
  return { ...health, ...asker.hide(health), tookMs: asker.tookMs() }
}

async function listSnapshots(asker: Asker, context: ProbeContext): Promise<RepoHealth> {
  const result = await asker.ask(['snapshots', '--json', '--latest', '1'])
  if (result.exit !== 0) return classify({ ...result, command: 'snapshots' }, context)
  const { failed, unread, ...locks } = await findLocks(asker)
  const reason = failed === undefined ? unread : toReason(failed)
  const locksUnread = reason === undefined ? {} : { locksUnread: reason }
  return classify({ ...result, command: 'snapshots' }, { ...context, ...locks, ...locksUnread })
}

async function check(asker: Asker, context: ProbeContext, subset: ProbeCall['subset']): Promise<RepoHealth> {
  const args = ['check', '--json', ...toSubset(subset)]
  const { failed, locks } = await findLocks(asker)
  if (failed !== undefined) return classify({ ...failed, command: 'check' }, context)
  const pruning = locks.filter((lock) => lock.exclusive && !isLeft(lock, context.now))
  if (pruning.length > 0) {
    const { exit: _none, ...health } = classify(putOff, { ...context, runInProgress: false, locks: pruning })
    return health
  }
  return classify({ ...(await asker.ask(args)), command: 'check' }, context)
}

interface FoundLocks {
  readonly locks: readonly RepoLock[]
  /** How many others there are, which were not looked at. */
  readonly moreLocks?: number
  /** They could not even be listed. */
  readonly failed?: CommandEnd
  /** Why one of them could not be looked at. */
  readonly unread?: string
}

async function findLocks(asker: Asker): Promise<FoundLocks> {
  const listed = await asker.ask(['list', 'locks', '--json'], listTimeoutMs)
  if (listed.exit !== 0) return { locks: [], failed: listed }
  const locks: RepoLock[] = []
  let unread: string | undefined
  const ids = readLockIds(listed.stdout)
  for (const id of ids.slice(0, mostLocks)) {
    const shown = await asker.ask(['cat', 'lock', id, '--json'], lockTimeoutMs)
    const lock = shown.exit === 0 ? readLock(shown.stdout) : undefined
    if (lock !== undefined) locks.push(lock)
    else if (/invalid data returned|ciphertext verification failed/.test(shown.stderr)) locks.push({ unreadable: true })
    // One that is gone, or was refreshed under another name since, is of somebody who lives: no trouble.
    else if (!/no such file|does not exist|not found|NoSuchKey/.test(shown.stderr)) unread = toReason(shown)
  }
  return { locks, moreLocks: Math.max(0, ids.length - mostLocks), ...(unread === undefined ? {} : { unread }) }
}

/** What may reach a command line is stricter than what NethServer 8 would take; undefined when it may. */
function findFault({ module, planId }: ProbedRepository): string | undefined {
  if (module.length > mostLength || !/^[a-z][a-z0-9-]*[0-9]+$/.test(module))
    return `"${printable(module.slice(0, mostLength))}" is no module of NethServer 8, such as mail1; nothing was run.`
  if (planId.length > mostLength || !/^[0-9]+$/.test(planId))
    return `"${printable(planId.slice(0, mostLength))}" is no number of a backup plan, such as 1; nothing was run.`
  return undefined
}

function toSubset(subset: ProbeCall['subset']): string[] {
  if (subset === undefined) return []
  const { part, of } = subset
  if (!Number.isInteger(part) || !Number.isInteger(of) || part < 1 || part > of || of > 256)
    throw new RangeError(`no part of a repository: ${part}/${of}; restic takes 1/1 to 256/256`)
  return [`--read-data-subset=${part}/${of}`]
}

function toReason({ stderr, exit, signal, timedOut }: CommandEnd): string {
  if (timedOut) return 'there was no answer in time'
  const { lines, retries } = readSaid(stderr)
  return lines.at(-1) ?? retries.at(-1) ?? `restic ended with ${exit ?? signal}`
}

/** In the place of a check that was not run, for the lock that is in its way. */
const putOff: ProbeResult = {
  exit: 0,
  timedOut: false,
  stdout: 'no errors were found',
  stderr: '',
  tookMs: 0,
  command: 'check',
}
/** A check may take hours; this may not. */
const listTimeoutMs = 120_000
const mostLocks = 3
/** restic before 0.18 tries for most of a minute to read a lock that is gone. */
const lockTimeoutMs = 30_000
const mostLength = 64
