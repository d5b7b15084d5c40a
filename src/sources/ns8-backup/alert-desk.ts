// Takes alerts in, whichever way they came: repeats are counted, what is new is on disk before anybody is answered.
import { cutBytes } from '../../lib/text.ts'
import type { Rejected, SourceRequest, SourceResponse, SourceTools } from '../../source.ts'
import { type Group, readAlert, readPost, type Told } from './alerts.ts'
import type { BackupAlert } from './facts.ts'
import { findEnded, readSeen, sortAlerts } from './seen.ts'

export interface AlertDesk {
  /** Answers a post of Alertmanager's. */
  answer(request: SourceRequest): Promise<SourceResponse>
  /** What Alertmanager's own list holds now. */
  takePolled(told: readonly Told[], present: ReadonlySet<string>): Promise<void>
}

export interface AlertDeskTools extends Pick<SourceTools, 'emit' | 'now' | 'measure' | 'place'> {
  /** Only these plans count; absent: all. */
  readonly plans?: readonly string[] | undefined
  /** Alertmanager has left alerts out: it must be asked for all of them. */
  truncated(): void
}

type Invalid = { readonly index: number; readonly message: string }

/** Of an element that is no alert, this much is kept. */
const rawBytes = 4096
/** Of alerts that are ours or none; a post of Alertmanager's that has more is none of its own. */
const mostAlerts = 1000

export function createAlertDesk(tools: AlertDeskTools): AlertDesk {
  let seen = readSeen(tools.place.saved ?? [])
  let before: Promise<unknown> = Promise.resolve()
  const totals = { alerts_taken_total: 0, alerts_ignored_total: 0, alerts_repeated_total: 0, alerts_invalid_total: 0 }

  function count(name: keyof typeof totals, more: number): void {
    totals[name] += more
    tools.measure(name, totals[name])
  }

  function isWatched({ plan }: Told): boolean {
    return plan === '' || tools.plans === undefined || tools.plans.includes(plan)
  }

  /** One after the other: a repeat must not be answered before what it repeats is on disk. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = before.then(work)
    before = mine.catch(() => {})
    return mine
  }

  async function keep(
    told: readonly Told[],
    how: BackupAlert['how'],
    rejected: readonly Rejected[],
  ): Promise<{ accepted: number; duplicates: number }> {
    const sorted = sortAlerts(seen, told, how, tools.now())
    const { fresh, duplicates, put } = sorted
    if (fresh.length > 0 || rejected.length > 0 || put.length > 0 || sorted.delete.length > 0) {
      const facts = fresh.map(({ plan, alert }) => ({ name: 'backup.alert', key: plan, data: alert }))
      await tools.emit({ facts, rejected }, { put, delete: sorted.delete })
    }
    seen = sorted.next
    count('alerts_taken_total', fresh.length)
    count('alerts_repeated_total', duplicates)
    return { accepted: fresh.length, duplicates }
  }

  return {
    async answer({ body }) {
      const post = readPost(body)
      if ('error' in post) return { status: 400, body: { error: post.error } }
      const { told, ignored, invalid, rejected } = sort(post.alerts, post.group, isWatched)
      if (told.length + invalid.length > mostAlerts) {
        const error = `A post may have ${mostAlerts} alerts about backups, this one has ${told.length + invalid.length}.`
        return { status: 413, body: { error } }
      }
      const kept = await inTurn(() => keep(told, 'webhook', rejected))
      count('alerts_ignored_total', ignored)
      count('alerts_invalid_total', invalid.length)
      if (post.truncated) tools.truncated()
      return { status: 202, body: { ...kept, ignored, invalid } }
    },
    async takePolled(told, present) {
      await inTurn(() => keep([...findEnded(seen, present), ...told.filter(isWatched)], 'poll', []))
    },
  }
}

interface SortedPost {
  readonly told: readonly Told[]
  readonly ignored: number
  readonly invalid: readonly Invalid[]
  readonly rejected: readonly Rejected[]
}

/** What is wrong is named by its place and kept as it came; what is right beside it is taken. */
function sort(alerts: readonly unknown[], group: Group, isWatched: (told: Told) => boolean): SortedPost {
  const told: Told[] = []
  const invalid: Invalid[] = []
  const rejected: Rejected[] = []
  let ignored = 0
  for (const [index, element] of alerts.entries()) {
    const reading = readAlert(element, group)
    if (reading.kind === 'told' && isWatched(reading.told)) told.push(reading.told)
    else if (reading.kind !== 'invalid') ignored += 1
    else {
      invalid.push({ index, message: reading.message })
      rejected.push({ raw: cutBytes(JSON.stringify(element), rawBytes), message: reading.message })
    }
  }
  return { told, ignored, invalid, rejected }
}
