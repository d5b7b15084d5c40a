// What is known of one alert, as a session row, and how a sighting changes it; pure.
import type { Json } from '../../words.ts'
import { type Alert, optional, saysTheSame } from './alert.ts'

export type Entry = Firing | Over

export interface Firing {
  readonly status: 'firing'
  readonly round: number
  /** As it was told last. */
  readonly alert: Alert
}

export interface Over {
  readonly status: 'resolved'
  readonly round: number
  readonly startsAt: number
  readonly at: number
}

/** Until its end is told, it is one occurrence: what it says anew is a change, a repeat is told in the words of the first. */
export function toFiring(alert: Alert, before: Entry | undefined, isPolled: boolean): Firing {
  if (before?.status !== 'firing') {
    // Prometheus that pauses and goes on makes an alert end and fire again with the start it had.
    const again = before !== undefined && startOf(alert) <= before.startsAt ? 1 : 0
    return { status: 'firing', round: (before?.round ?? 0) + again, alert: withoutEnd(alert) }
  }
  if (startOf(alert) > startOf(before.alert)) return { ...before, alert: withoutEnd(alert) }
  // By which of several routes or ways it comes is no news.
  if (saysTheSame(alert, before.alert, isPolled)) return before
  const { startsAt: _s, receiver: _r, groupKey: _g, externalUrl: _e, ...said } = withoutEnd(alert)
  const { receiver, groupKey, externalUrl } = isPolled ? before.alert : alert
  return {
    ...before,
    alert: {
      ...said,
      ...optional('startsAt', before.alert.startsAt),
      ...optional('receiver', receiver),
      ...optional('groupKey', groupKey),
      ...optional('externalUrl', externalUrl),
    },
  }
}

export function toOver(alert: Alert, before: Entry | undefined, at: number): Over {
  const startsAt = Math.max(startOf(alert), before === undefined ? 0 : startOf(before))
  return { status: 'resolved', round: before?.round ?? 0, startsAt, at }
}

/** Its end is known and on disk; or it is the end of an earlier occurrence, while a later one fires. */
export function isOldNews(alert: Alert, before: Entry | undefined, settled: Entry | undefined): boolean {
  if (before === undefined || startOf(alert) > startOf(before)) return false
  if (before.status === 'resolved') return before === settled
  return startOf(alert) < startOf(before) && alert.endsAt !== undefined && alert.endsAt <= startOf(before)
}

function startOf(one: Alert | Entry): number {
  return 'alert' in one ? startOf(one.alert) : (one.startsAt ?? 0)
}

function withoutEnd({ endsAt: _, ...alert }: Alert): Alert {
  return alert
}

export function toRow(entry: Entry): Json {
  return { v: 1, ...entry } as unknown as Json
}

/** Those that ended first come first. */
export function readRows(saved: Iterable<readonly [key: string, value: Json]>): [key: string, entry: Entry][] {
  const rows = Array.from(saved).flatMap(([key, value]): [string, Entry][] => {
    const entry = value as { readonly v?: unknown; readonly status?: unknown } | null
    if (entry?.v !== 1 || (entry.status !== 'firing' && entry.status !== 'resolved')) return []
    const { v: _, ...rest } = entry
    return [[key, rest as Entry]]
  })
  return rows.sort(([, a], [, b]) => endOf(a) - endOf(b))
}

function endOf(entry: Entry): number {
  return entry.status === 'resolved' ? entry.at : 0
}
