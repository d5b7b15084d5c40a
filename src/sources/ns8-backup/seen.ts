// Remembers the alerts of the last seven days, so that one that is sent again and again becomes a fact once. Pure.
import type { Json, JsonObject } from '../../words.ts'
import { occurrenceOf, type Told } from './alerts.ts'
import type { BackupAlert } from './facts.ts'

/** One occurrence of an alert, as kept between runs. */
export type SeenRow = {
  readonly v: 1
  readonly plan: string
  readonly fingerprint: string
  readonly startsAt: number
  readonly alert: Told['alert']
  /** When it last came. */
  readonly lastAt: number
  /** It was in Alertmanager's own list; once it is there no more, it has ended. */
  readonly polled?: true
}

export interface Seen {
  readonly rows: ReadonlyMap<string, SeenRow>
}

export interface Sorted {
  /** What is new, in the order it came, with the key of its fact. */
  readonly fresh: readonly { readonly plan: string; readonly alert: BackupAlert }[]
  readonly duplicates: number
  readonly put: readonly (readonly [key: string, value: SeenRow])[]
  readonly delete: readonly string[]
  /** What is remembered once this is on disk. */
  readonly next: Seen
}

export const seenPrefix = 'alert/'
const keepMs = 7 * 86_400_000
/** One without a beginning of its own, as a script would post it, counts as new after so long. */
const undatedMs = 12 * 3_600_000
/** A repeat is written down only so often. */
const noteEveryMs = 3_600_000
export const mostSeen = 5000

export function readSeen(saved: Iterable<readonly [key: string, value: Json]>): Seen {
  const rows = new Map<string, SeenRow>()
  for (const [key, value] of saved) {
    if (!key.startsWith(seenPrefix)) continue
    const { v } = value as JsonObject
    if (v === 1) rows.set(key, value as SeenRow)
  }
  return { rows }
}

export function sortAlerts(seen: Seen, alerts: readonly Told[], how: BackupAlert['how'], now: number): Sorted {
  const rows = new Map(seen.rows)
  const put = new Map<string, SeenRow>()
  const fresh: { plan: string; alert: BackupAlert }[] = []
  let duplicates = 0
  for (const told of alerts) {
    const key = seenPrefix + occurrenceOf(told)
    const before = rows.get(key)
    const isRepeat = isRepeatOf(before, told, now)
    const polled = how === 'poll' || before?.polled === true
    const row: SeenRow = {
      v: 1,
      plan: told.plan,
      fingerprint: told.fingerprint,
      startsAt: told.startsAt ?? (isRepeat || isEnd(before, told) ? before.startsAt : now),
      alert: told.alert,
      lastAt: now,
      ...(polled ? { polled: true } : {}),
    }
    if (!isRepeat) fresh.push({ plan: row.plan, alert: toAlert(row, how) })
    else duplicates += 1
    if (isRepeat && !isWorthNoting(before, row)) continue
    rows.set(key, row)
    put.set(key, row)
  }
  const gone = forget(rows, now)
  for (const key of gone) put.delete(key)
  return { fresh, duplicates, put: [...put], delete: gone, next: { rows } }
}

/** What was in Alertmanager's list and is there no more: it has ended, as far as Alertmanager knows. */
export function findEnded({ rows }: Seen, present: ReadonlySet<string>): Told[] {
  return [...rows.values()]
    .filter((row) => row.polled && row.alert.status === 'firing' && !present.has(occurrenceOf(row)))
    .map(({ plan, fingerprint, startsAt, alert }) => ({
      plan,
      fingerprint,
      startsAt,
      alert: { ...alert, status: 'resolved' },
    }))
}

function isRepeatOf(before: SeenRow | undefined, { startsAt, alert }: Told, now: number): before is SeenRow {
  if (before?.alert.status !== alert.status) return false
  return now - before.lastAt < (startsAt === undefined ? undatedMs : keepMs)
}

function isEnd(before: SeenRow | undefined, { alert }: Told): before is SeenRow {
  return before?.alert.status === 'firing' && alert.status === 'resolved'
}

function isWorthNoting(before: SeenRow, row: SeenRow): boolean {
  return row.lastAt - before.lastAt >= noteEveryMs || before.polled !== row.polled
}

function toAlert({ fingerprint, startsAt, alert }: SeenRow, how: BackupAlert['how']): BackupAlert {
  return { ...alert, fingerprint, startsAt: new Date(startsAt).toISOString(), how }
}

/** The oldest and those beyond the bound; takes them out and names them. */
function forget(rows: Map<string, SeenRow>, now: number): string[] {
  const gone = [...rows].filter(([, { lastAt }]) => now - lastAt >= keepMs).map(([key]) => key)
  for (const key of gone) rows.delete(key)
  if (rows.size <= mostSeen) return gone
  const oldest = [...rows].toSorted(([, one], [, other]) => one.lastAt - other.lastAt)
  const surplus = oldest.slice(0, rows.size - mostSeen).map(([key]) => key)
  for (const key of surplus) rows.delete(key)
  return [...gone, ...surplus]
}
