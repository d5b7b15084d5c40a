// What people read about the state of a repository: one sentence, and the command that helps.
import { writeDuration } from '../../lib/duration.ts'
import { localTime } from '../../lib/local-time.ts'
import { cleanLine, cutText } from '../../lib/text.ts'
import type { ProbeContext, RepoState, Seen } from './classify.ts'
import { texts } from './restic-texts.ts'
import type { RepoLock } from './restic-output.ts'

export function putInWords(state: RepoState, seen: Seen): string {
  const { locksUnread } = seen.context
  const sentence = sentences[state](seen)
  if (locksUnread === undefined || seen.result.exit !== 0) return sentence
  return `${sentence.replace(/\.$/, '')}; whether it is locked could not be read: ${quote(locksUnread)}.`
}

/** Never for a lock that may be alive. */
export function advise(state: RepoState, { context, checked, lock }: Seen): string | undefined {
  const restic = context.restic ?? 'restic'
  if (state === 'LOCKED_STALE') return `${restic} unlock`
  // An unreadable lock is not taken for a stale one, so a plain unlock leaves it.
  if (state === 'LOCKED' && lock?.unreadable) return `${restic} unlock --remove-all`
  if (state === 'CORRUPTED' && checked?.repairIndex) return `${restic} repair index`
  return undefined
}

const sentences: { readonly [State in RepoState]: (seen: Seen) => string } = {
  OK({ result, snapshots }) {
    if (result.command === 'check') return 'restic checked the repository and found no errors.'
    if (snapshots?.newest === undefined) return 'The repository answers and holds no snapshot yet.'
    return `The repository answers; its newest snapshot is of ${time(snapshots.newest)}.`
  },
  STALE({ snapshots, context }) {
    const due = time(context.due ?? 0)
    if (snapshots?.newest === undefined) return `The repository holds no snapshot, though a run was due at ${due}.`
    return `The newest snapshot is of ${time(snapshots.newest)}, from before the run that was due at ${due}.`
  },
  UNREACHABLE(seen) {
    const { result } = seen
    const cause = said(seen, texts.unreachable)
    const where = 'look at the storage and the way to it'
    if (!result.timedOut) return `The repository cannot be reached${cause}; ${where}.`
    const what = result.command === 'check' ? 'The check was not done' : 'The repository gave no answer'
    return `${what} within ${writeDuration(result.tookMs)} and restic was stopped${cause}; ${where}.`
  },
  LOCKED({ lock, context }) {
    if (lock?.unreadable)
      return 'The repository holds a lock that cannot be read; remove it once it is certain that no restic works here.'
    const more = others(context)
    return `${holder(lock)} has the repository locked${lock?.exclusive ? ' for itself alone' : ''}${sinceWhen(lock)}${more}; ${stopped(lock)} fail until it ends.`
  },
  LOCKED_STALE({ lock, context }) {
    const more = others(context)
    return `${holder(lock)} left ${lock?.exclusive ? 'an exclusive lock' : 'a lock'} behind${sinceWhen(lock)}${more}; ${stopped(lock)} fail until it is removed.`
  },
  WRONG_PASSWORD: () =>
    'The password does not open the repository: it was changed, or this is another repository; look at the destination.',
  AUTH_FAILED: (seen) =>
    `The storage refused our credentials${said(seen, texts.authFailed)}; renew those of the destination.`,
  NOT_FOUND: () =>
    'There is no repository at this place: it was never made, was moved or emptied, or its disk is not mounted.',
  CORRUPTED: (seen) => `The repository is damaged${finding(seen)}; repair it before anything is pruned.`,
  NO_SPACE: (seen) =>
    `The storage is full or its quota used up${said(seen, texts.noSpace)}; make room or raise the quota.`,
  UNCONFIGURED: (seen) => `The probe is not set up for this repository${said(seen, texts.unconfigured)}.`,
  TOOL_ERROR(seen) {
    if (seen.said.lines.some((line) => texts.elsewhere.test(line)))
      return 'This application runs on another node, which the probe does not reach; run a Sereno of its own there, set probe.command to a command that goes there, or write probe: false.'
    return `The command that runs restic failed (${ending(seen)})${said(seen)}; run ${byHand(seen)} by hand to see why.`
  },
  ERROR: (seen) => `restic failed (${ending(seen)})${said(seen)}; run ${byHand(seen)} by hand to see more.`,
  UNKNOWN({ result }) {
    const wanted = result.command === 'check' ? 'no result of a check' : 'no list of snapshots'
    return `The command ended well but printed ${wanted}: ${quote(result.stdout) || 'nothing'}; is it restic that it runs?`
  },
}

function byHand({ result, context: { restic = 'restic' } }: Seen): string {
  return `"${restic} ${result.command}"`
}

function holder(lock: RepoLock | undefined): string {
  const pid = lock?.pid === undefined ? 'A restic' : `A restic with PID ${lock.pid}`
  return lock?.host === undefined ? pid : `${pid} on ${quote(lock.host)}`
}

function sinceWhen(lock: RepoLock | undefined): string {
  return lock?.since === undefined ? '' : `, last refreshed at ${time(lock.since)}`
}

/** A shared lock keeps only those away that want one for themselves. */
function stopped(lock: RepoLock | undefined): string {
  return lock?.exclusive ? 'backups, retention and checks' : 'retention and checks'
}

function others({ locks = [], moreLocks = 0 }: ProbeContext): string {
  const count = locks.length + moreLocks - 1
  return count < 1 ? '' : count === 1 ? ' (and one more lock)' : ` (and ${count} more locks)`
}

/** restic's own words: the line that decided, else its conclusion, else its last try. */
function said({ said: { lines, retries } }: Seen, deciding?: RegExp): string {
  const decided = deciding && lines.find((line) => deciding.test(line))
  const fatal = lines.findLast((line) => line.startsWith('Fatal: '))
  // When we end it, it says no more than that.
  const concluded = (fatal ?? lines.at(-1) ?? '').endsWith('context canceled') ? undefined : (fatal ?? lines.at(-1))
  const line = decided ?? concluded ?? retries.at(-1)
  return line === undefined ? '' : `: ${quote(withoutMark(line))}`
}

/** The first thing that `check` found; its last line only says that there is something. */
function finding({ said: { lines } }: Seen): string {
  const at = lines.findIndex((line) => /^error|pack|damaged|load|config or key/i.test(line))
  const [line, next = ''] = lines.slice(Math.max(0, at))
  if (line === undefined) return ''
  return `: ${quote(withoutMark(line.endsWith(':') ? `${line} ${next}` : line))}`
}

/** Of a try that failed only why. */
function withoutMark(line: string): string {
  return line.replace(/^((Fatal|error):|\[FATAL\]) |^\w+\(.*\) (failed|returned error, retrying after \S+): /, '')
}

function ending({ result }: Seen): string {
  return result.exit === undefined ? (result.signal ?? 'no exit code') : `exit ${result.exit}`
}

function time(at: number): string {
  return `${localTime(at, 'UTC')} UTC`
}

function quote(text: string): string {
  return cutText(cleanLine(text), 300).replace(/[.;:\s]+$/, '')
}
