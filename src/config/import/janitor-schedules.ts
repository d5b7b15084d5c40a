// Janitor's schedules: sampling becomes a source that does so by itself, the rest is done by nobody or by itself.
import { parseSchedule } from '../../lib/schedule.ts'
import { isMapping } from '../named.ts'
import type { Json, JsonObject } from '../../words.ts'

export interface Schedules {
  readonly sources: JsonObject
  readonly watches: JsonObject
}

const shortest = 10_000
const longest = 3_600_000

/** What Janitor does by its scheduler and how that is had here. */
const elsewhere: { readonly [action: string]: string } = {
  sysinfo_remote: 'is for hosts that send: run `sereno agent --hub URL` there, or keep Janitor on them.',
  update_ddns: 'is left out: Sereno updates no names.',
  git_changes: 'is left out: Sereno does not watch repositories.',
  publish_queue: 'is left out: what waits is sent by itself.',
}

export function readSchedules(list: readonly Json[], note: (remark: string) => void): Schedules {
  const spans: number[] = []
  for (const [index, entry] of list.entries()) {
    const { name, when, action } = isMapping(entry) ? entry : {}
    const where = `schedules[${index}]${typeof name === 'string' ? ` "${name}"` : ''}`
    if (typeof when !== 'string' || typeof action !== 'string') {
      note(`${where} says no time or no action: left out.`)
      continue
    }
    const schedule = parseSchedule(when)
    if ('error' in schedule) {
      note(`${where}: ${schedule.error}: left out.`)
    } else if (action !== 'sysinfo_local') {
      note(`${where}: ${action} ${elsewhere[action] ?? 'is no action that Janitor knows: left out.'}`)
    } else spans.push(spanOf(schedule))
  }
  if (spans.length === 0) return { sources: {}, watches: {} }
  const everyMs = Math.min(Math.max(Math.min(...spans), shortest), longest)
  return { sources: { this: { kind: 'host', every: `${Math.round(everyMs / 1000)}s` } }, watches: {} }
}

/** The shortest time between two of the next runs. */
function spanOf(schedule: Exclude<ReturnType<typeof parseSchedule>, { error: string }>): number {
  let at = Date.UTC(2026, 0, 1)
  let least = longest
  for (let run = 0; run < 50; run += 1) {
    const next = schedule.next(at, 'UTC')
    if (next === undefined) break
    if (run > 0) least = Math.min(least, next - at)
    at = next
  }
  return least
}
