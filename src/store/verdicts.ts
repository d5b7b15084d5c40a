// Reads verdicts; one that follows another is given the end of that one.
import type { Follows, Verdict } from '../words.ts'
import { number, optional, text, type SqlRow } from './rows.ts'

type Get = (sql: string, ...values: readonly (string | number)[]) => SqlRow | undefined
type All = (sql: string, ...values: readonly (string | number)[]) => readonly SqlRow[]

/** One that waits may go from one stage into the next, and be followed anew each time. */
const mostSteps = 50

export function readVerdicts(get: Get, all: All, event: number): Verdict[] {
  return all('select * from verdict where event = ?1 order by rule, channel', event).map((row) => {
    const { follows, ...verdict } = readVerdict(row)
    const last = follows === undefined ? undefined : endOf(get, follows, verdict.channel)
    return last === undefined ? verdict : withEnd(verdict, last)
  })
}

/** The verdict that decides; undefined: it is no longer kept. */
function endOf(get: Get, follows: Follows, channel: string): Verdict | undefined {
  let next: Follows | undefined = follows
  let last: Verdict | undefined
  for (let steps = 0; next !== undefined && steps < mostSteps; steps++) {
    const sql = 'select * from verdict where event = ?1 and rule = ?2 and channel = ?3'
    const row: SqlRow | undefined = get(sql, next.event, next.rule, channel)
    if (row === undefined) return undefined
    last = readVerdict(row)
    next = last.follows
  }
  return last
}

function withEnd(verdict: Verdict, last: Verdict): Verdict {
  const { until: _until, ...own } = verdict
  if (last.into !== undefined) return { ...verdict, into: last.into }
  const until = last.until === undefined ? {} : { until: last.until }
  if (last.state === 'held') return { ...own, state: 'held', ...until }
  if (last.state === 'suppressed')
    return { ...own, state: 'suppressed', by: last.by, reason: last.reason, at: last.at, ...until }
  return verdict
}

function readVerdict(row: SqlRow): Verdict {
  const event = row['follows']
  return {
    event: number(row['event']),
    rule: text(row['rule']),
    channel: text(row['channel']),
    state: text(row['state']) as Verdict['state'],
    by: text(row['by']),
    reason: text(row['reason']),
    ...optional('into', row['message'], text),
    ...(event === null ? {} : { follows: { event: number(event), rule: text(row['follows_rule']) } }),
    ...optional('until', row['until'], number),
    at: number(row['at']),
  }
}
