// Reads what restic says: its errors in JSON or plain text, its snapshots, its check and its locks, from version 0.14 on.
import { readRfc3339 } from '../../lib/rfc3339.ts'
import { cleanText } from '../../lib/text.ts'
import { texts } from './restic-texts.ts'

export interface RepoLock {
  readonly pid?: number
  readonly host?: string
  /** When it was last refreshed: a live restic does so every five minutes. */
  readonly since?: number
  /** Held by check, forget and prune; shared ones by all else. */
  readonly exclusive?: boolean
  /** The file is there and tells nothing. */
  readonly unreadable?: true
}

export interface Said {
  /** What was concluded, without tries that failed and without the address that restic repeats. */
  readonly lines: readonly string[]
  /** Tries that failed; restic may have come through after them. */
  readonly retries: readonly string[]
  /** All, for people to look at. */
  readonly all: readonly string[]
}

/** With `--json` only some lines are JSON, and a wrapper may add its own: each is read by itself. */
export function readSaid(stderr: string): Said {
  const all = cleanText(stderr).split('\n').flatMap(readErrorLine).map(withoutLogin)
  const retries = all.filter((line) => retryLine.test(line))
  // restic asks this after a refusal and a time-out too, so it proves nothing; the address behind it may contain any word.
  const lines = all.filter((line, index) => {
    const isAsked = line.startsWith(question) || (all[index - 1] ?? '').startsWith(question)
    return !isAsked && !retryLine.test(line)
  })
  return { lines, retries, all }
}

/** The answer to `snapshots --json`; undefined for what is none. The newest of all groups counts. */
export function readSnapshots(stdout: string): { readonly newest?: number } | undefined {
  const list = parseLines(stdout).find((value) => value === null || Array.isArray(value))
  if (list === undefined) return undefined
  const times = (Array.isArray(list) ? list : []).map((one) => readTime(toRecord(one)['time']))
  if (times.includes(undefined)) return undefined
  const newest = Math.max(...times.map((at) => at ?? -Infinity))
  return Number.isFinite(newest) ? { newest } : {}
}

export interface Checked {
  readonly errors: number
  readonly brokenPacks: number
  readonly repairIndex: boolean
}

/** The summary of `check`; undefined where there is none, as before 0.17 when it found something. */
export function readChecked(stdout: string): Checked | undefined {
  const summary = parseLines(stdout)
    .map(toRecord)
    .find((value) => value['message_type'] === 'summary')
  if (summary === undefined) {
    return /^no errors were found$/m.test(stdout) ? { errors: 0, brokenPacks: 0, repairIndex: false } : undefined
  }
  const { num_errors: errors, broken_packs: packs, suggest_repair_index: repair } = summary
  return {
    errors: typeof errors === 'number' ? errors : 0,
    brokenPacks: Array.isArray(packs) ? packs.length : 0,
    repairIndex: repair === true,
  }
}

/** The answer to `list locks`; some may be gone when they are looked at. */
export function readLockIds(stdout: string): string[] {
  return [...new Set(stdout.match(/\b[0-9a-f]{64}\b/g))]
}

/** The answer to `cat lock`. */
export function readLock(stdout: string): RepoLock | undefined {
  const object = stdout.slice(stdout.indexOf('{'), stdout.lastIndexOf('}') + 1)
  const { pid, hostname, time, exclusive } = toRecord(parse(object))
  const since = readTime(time)
  if (since === undefined) return undefined
  return { ...toHolder(pid, hostname), since, exclusive: exclusive === true }
}

/**
 * The lock that kept restic from its own. The time it names has no zone and is that of whoever ran it,
 * so the age behind it is counted back from `now`.
 */
export function readLockText(lines: readonly string[], now: number): RepoLock | undefined {
  if (lines.some((line) => texts.invalidLock.test(line))) return { unreadable: true }
  const text = lines.join('\n')
  const [, exclusive, pid, host] = /already locked (exclusively )?by PID (\d+) on (\S+)/.exec(text) ?? []
  if (pid === undefined) return undefined
  const [, age = ''] = /lock was created at .*\(([^()]+) ago\)/.exec(text) ?? []
  const ageMs = readGoDuration(age)
  const since = ageMs === undefined ? {} : { since: now - ageMs }
  return { ...toHolder(Number(pid), host), ...since, exclusive: exclusive !== undefined }
}

/** Whole milliseconds of a duration as Go writes it: 73h22m5.87s, 949.785182ms, 1m0s. */
export function readGoDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(h|m|s|ms|µs|us|ns))+$/.test(text)) return undefined
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|µs|us|ns)/g)
  return Math.round([...parts].reduce((sum, [, count, unit = '']) => sum + Number(count) * (goUnits[unit] ?? 0), 0))
}

const question = 'Is there a repository at the following location?'
const retryLine = / returned error, retrying after |^(?:Load|LoadRaw|Stat|List|Save|Remove)\(.*\) failed: /
const goUnits: { readonly [unit: string]: number } = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  µs: 1e-3,
  us: 1e-3,
  ns: 1e-6,
}

function readErrorLine(line: string): string[] {
  const { message, error } = toRecord(parse(line))
  const said = typeof message === 'string' ? message : toRecord(error)['message']
  return (typeof said === 'string' ? said : line).split('\n').filter((part) => part.trim() !== '')
}

/** A wrapper may print an address with its password; restic itself hides it. */
function withoutLogin(line: string): string {
  return line.replace(/:\/\/[^\s/@]+@/g, '://…@')
}

function toHolder(pid: unknown, host: unknown): Pick<RepoLock, 'pid' | 'host'> {
  return {
    ...(typeof pid === 'number' && Number.isSafeInteger(pid) ? { pid } : {}),
    ...(typeof host === 'string' && host !== '' ? { host } : {}),
  }
}

function readTime(value: unknown): number | undefined {
  return typeof value === 'string' ? readRfc3339(value) : undefined
}

/** The lines that are JSON; others are left out. */
function parseLines(text: string): unknown[] {
  return text
    .split('\n')
    .map(parse)
    .filter((value) => value !== undefined)
}

function parse(text: string): unknown {
  if (!/^\s*(?:[[{]|null\s*$)/.test(text)) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function toRecord(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
