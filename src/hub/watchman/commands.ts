// The watchman's commands: what each takes, and what it says. None shows a secret, and all say their times in the hub's zone.
import { lookUpEvent } from '../../engine/look.ts'
import { type ConditionEntry, listConditions } from '../../engine/look-conditions.ts'
import { listSilences } from '../../engine/look-silences.ts'
import { readDuration, spanWords, writeDuration } from '../../lib/duration.ts'
import { cut, printable } from '../../lib/printable.ts'
import { writeMatcher } from '../../lib/matchers.ts'
import type { Rule } from '../../rule.ts'
import { spokenName, spokenValue } from '../../source-sample-words.ts'
import type { HostRow, Store } from '../../store/store.ts'
import type { Acts } from './acts.ts'
import { findHost, metrics } from './metrics.ts'
import type { Said } from './watchman.ts'

export interface CommandTools {
  readonly store: Store
  readonly acts: Acts
  rules(): readonly Rule[]
  /** Why the hub is not ready, one sentence each. */
  problems(): readonly string[]
  now(): number
  /** IANA name. */
  readonly zone: string
  /** A point in time as people read it. */
  time(at: number): string
}

interface WatchmanCommand {
  readonly usage: string
  readonly about: string
  run(words: readonly string[], by: string, tools: CommandTools): Promise<Said>
}

const shownConditions = 10
/** So that its id still stands behind it. */
const longestTitle = 200

export const commands: ReadonlyMap<string, WatchmanCommand> = new Map<string, WatchmanCommand>([
  ['status', { usage: 'status [host]', about: 'what is open, here or on one host, and how that is', run: status }],
  [
    'metrics',
    { usage: 'metrics HOST [cpu [24h]]', about: 'its last sample, or how one figure went, drawn', run: metrics },
  ],
  [
    'silence',
    {
      usage: 'silence HOST 2h [why]',
      about: 'say nothing of a host for so long; instead of a host also matchers, type="backup.report"',
      run: silence,
    },
  ],
  ['silences', { usage: 'silences', about: 'which silences there are', run: silences }],
  ['unsilence', { usage: 'unsilence ID', about: 'end a silence', run: unsilence }],
  ['ack', { usage: 'ack ID', about: 'you look after it: no more reminders', run: ack }],
  ['why', { usage: 'why ID', about: 'what became of an event, and why', run: why }],
  ['help', { usage: 'help', about: 'this', run: async () => help() }],
])

function help(): Said {
  const lines = [...commands.values()].map(({ usage, about }) => `${usage}: ${about}`)
  return { ok: true, lines: ['I can be asked:', ...lines] }
}

async function status([word]: readonly string[], _by: string, tools: CommandTools): Promise<Said> {
  const hosts = await tools.store.hosts()
  const known = word === undefined ? undefined : findHost(hosts, word)
  const host = known?.name ?? word
  const list = await listConditions(tools.store, { state: 'open', limit: 10_000 })
  const open = host === undefined ? list.conditions : list.conditions.filter((entry) => entry.host === host)
  const where = host === undefined ? '' : ` on ${host}`
  const total = host === undefined ? list.total : open.length
  const number = count(total, 'condition is', 'conditions are')
  const head = open.length === 0 ? `All quiet${where}.` : `${number} open${where}.`
  const lines = open.slice(0, shownConditions).map((entry) => conditionLine(entry, tools))
  const more = total - lines.length
  const rest = host === undefined ? [...roll(hosts), ...tools.problems()] : vitals(known, tools)
  return { ok: true, lines: [head, ...lines, ...(more > 0 ? [`and ${more} more`] : []), ...rest] }
}

function roll(hosts: readonly HostRow[]): string[] {
  return hosts.length === 0 ? [] : [`I have heard of ${count(hosts.length, 'host', 'hosts')}.`]
}

/** How the host was when it was last heard. */
function vitals(host: HostRow | undefined, { now }: CommandTools): string[] {
  // Said, since a slip of the finger would read like good news.
  if (host === undefined) return ['No sample ever came of it.']
  const { metrics: last } = host.sample
  const shown = ['cpu_percent', 'memory_percent', 'disk_usage_percent', 'load_1', 'uptime_seconds'].flatMap((one) => {
    const value = last[one]
    return value === undefined ? [] : [`${spokenName(one)} ${spokenValue(one, value)}`]
  })
  return [
    `${shown.join(', ') || 'A sample without the usual metrics'}; heard ${spanWords(now() - host.lastSeenAt)} ago.`,
  ]
}

function conditionLine({ id, severity, title, since }: ConditionEntry, { now }: CommandTools): string {
  const about = cut(printable(title), longestTitle)
  return `${severity}: ${about}, for ${spanWords(now() - Date.parse(since))} (${id})`
}

async function silence(words: readonly string[], by: string, tools: CommandTools): Promise<Said> {
  const [what, span = '', ...why] = words
  const forMs = readDuration(span)
  if (what === undefined || forMs === undefined) {
    return { ok: false, lines: ['Say what, and for how long: silence nas 2h. Spans are 30m, 2h, 7d and the like.'] }
  }
  const matchers = /[=~]/.test(what) ? what : writeMatcher(hostMatcher(what))
  const done = await tools.acts.silence({ matchers, until: tools.now() + forMs, by, comment: why.join(' ') })
  const later = done.ok ? [`To end it: unsilence ${done.id}`] : []
  return { ok: done.ok, lines: [done.message, ...later] }
}

/** One host, or with `*` those that are called so. */
function hostMatcher(what: string): Parameters<typeof writeMatcher>[0] {
  if (!what.includes('*')) return { name: 'host', op: '=', value: what }
  const parts = what.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  return { name: 'host', op: '=~', value: parts.join('.*') }
}

async function silences(_words: readonly string[], _by: string, { store, now }: CommandTools): Promise<Said> {
  const list = await listSilences(store, now(), 'active')
  if (list.length === 0) return { ok: true, lines: ['There are no silences.'] }
  const lines = list.map(({ id, matchers, until, by }) => {
    return `${id} ${matchers}: ${writeDuration(roundUp(Date.parse(until) - now()))} more, by ${by}`
  })
  return { ok: true, lines: [count(list.length, 'silence:', 'silences:'), ...lines] }
}

async function unsilence([id]: readonly string[], _by: string, { acts }: CommandTools): Promise<Said> {
  if (id === undefined) return { ok: false, lines: ['Say which: unsilence ID. "silences" lists them.'] }
  const { ok, message } = await acts.endSilence(id)
  return { ok, lines: [message] }
}

async function ack([id]: readonly string[], by: string, { acts }: CommandTools): Promise<Said> {
  if (id === undefined) return { ok: false, lines: ['Say which: ack ID. "status" lists what is open.'] }
  const done = await acts.ack(id, by)
  if (done === undefined) return { ok: false, lines: [`There is no condition ${id}, or it is no longer kept.`] }
  return { ok: done.ok, lines: [done.message] }
}

async function why([id]: readonly string[], _by: string, { store, rules, zone }: CommandTools): Promise<Said> {
  if (id === undefined) return { ok: false, lines: ['Say which: why ID. The id stands beside every message.'] }
  const page = await lookUpEvent(store, id, { rules: rules(), zone })
  if (page === undefined) return { ok: false, lines: [`There is no event ${id}, or it is no longer kept.`] }
  return { ok: true, lines: page.why.lines }
}

function roundUp(ms: number): number {
  return Math.ceil(ms / 60_000) * 60_000
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
