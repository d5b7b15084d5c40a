// What a channel could not be told goes to its fallback, and so does what becomes of it; pure.
import type { Delivery, DeliveryExtra } from '../words.ts'
import { fallbackRule, hasEnded, putRow, readRow, type Thread } from './condition-row.ts'
import type { Draft } from './draft.ts'
import { tell } from './tell.ts'
import { asItIs, withPastEnd } from './thread-outcome.ts'
import { addThreads, fold, isSame, noteOf, pendingThreads, type ThreadTools } from './thread-tools.ts'

/** The dead message itself goes to the channel's fallback, else the hub's; with none it stays on the page and in the metrics. */
export function tellFallback(given: Delivery, tools: ThreadTools): void {
  const { judge, draft, now } = tools
  const dead = withPastEnds(given, draft)
  const tried = [...(dead.extra.tried ?? []), dead.channel]
  const ways = [judge.channels.get(dead.channel)?.fallback, judge.fallback]
  const channel = ways.find((way) => way !== undefined && judge.channels.has(way) && !tried.includes(way))
  if (channel === undefined || hasHeard(dead, channel, draft)) return
  const { severity, thread } = dead
  const rule = fallbackRule
  const conditions = (dead.extra.conditions ?? []).filter((key) => isAboutIt(key, dead, draft))
  if (isPast(dead, conditions, channel, draft)) return
  const fresh = conditions.filter((key) => !threadsAt(key, channel, draft).some(isLive))
  // Where nothing was heard of it before, whatever is said first is where it begins.
  const isLater = dead.kind === 'change' || dead.kind === 'remind'
  if (dead.kind === 'remind' && fresh.length === 0) return
  const kind = isLater && fresh.length > 0 ? 'open' : dead.kind
  if (fresh.length === 0 && isLater && foldsAll(dead, conditions, channel, tools)) return
  const { events: seqs, extra: said } = fresh.reduce((one, key) => asIsNow(one, key, draft), dead)
  const events = seqs.map((seq) => ({ seq, rule }))
  const extra = { ...without(said), fallbackFor: dead.extra.fallbackFor ?? dead.channel, tried }
  const told = tell(draft, judge, { channel, rule, kind, thread, events, severity, extra }, now)
  if (kind === 'end') return
  for (const key of conditions) if (!fresh.includes(key)) goOn(key, told, tools)
  // Who is told in its place that something is wrong is told of the end as well.
  for (const key of fresh) {
    // What a digest says of it, and how bad it is, is not what the digest as a whole says.
    const lost = lostThread(key, dead, draft)
    const own = { severity: lost?.severity ?? severity, ...(lost?.event === undefined ? {} : { event: lost.event }) }
    const threads = pendingThreads(told, rule).map((one) => ({ ...one, ...own, ...endIn(key, one, draft) }))
    addThreads(key, threads, tools)
  }
}

/** A message waits there already, for each of the fallback's recipients: it takes in what is new. */
function foldsAll(dead: Delivery, conditions: readonly string[], channel: string, tools: ThreadTools): boolean {
  const [key = ''] = conditions
  const row = readRow(tools.draft, key)
  const event = dead.events.at(-1)
  if (row === undefined || event === undefined) return false
  const own = threadsAt(key, channel, tools.draft)
  const news = { event, note: noteOf(row), severity: dead.severity, reason: 'told with the message before it' }
  const folded = own.map(
    (thread) => fold(thread, thread.behind, news, tools) ?? fold(thread, thread.delivery, news, tools),
  )
  const threads = row.threads.map((thread) => folded[own.indexOf(thread)] ?? thread)
  putRow(tools.draft, { ...row, threads }, tools.now)
  return folded.length > 0 && !folded.includes(undefined)
}

function withPastEnds(dead: Delivery, draft: Draft): Delivery {
  return (dead.extra.conditions ?? []).reduce((one, key) => {
    const row = readRow(draft, key)
    return row === undefined || isAboutIt(key, one, draft) ? one : withPastEnd(one, row)
  }, dead)
}

/** It may have begun anew since the message was made. */
function isAboutIt(key: string, dead: Delivery, draft: Draft): boolean {
  return readRow(draft, key)?.thread === dead.thread || lostThread(key, dead, draft) !== undefined
}

/** Goes on in the thread that is there. */
function goOn(key: string, told: readonly Delivery[], { draft, now }: ThreadTools): void {
  const row = readRow(draft, key)
  if (row === undefined) return
  const threads = row.threads.map((thread) => {
    const mine = told.find((one) => isSame(thread, one))
    return mine === undefined ? thread : { ...thread, behind: mine.seq }
  })
  putRow(draft, { ...row, threads }, now)
}

/** Over, no end will come after this; back again, one will. */
function asIsNow(dead: Delivery, key: string, draft: Draft): Delivery {
  const row = readRow(draft, key)
  return row === undefined ? dead : asItIs(dead, row, lostThread(key, dead, draft))
}

function endIn(key: string, { delivery }: Thread, draft: Draft): Partial<Thread> {
  const row = readRow(draft, key)
  return row === undefined || !hasEnded(row) || delivery === undefined ? {} : { end: delivery }
}

function lostThread(key: string, dead: Delivery, draft: Draft): Thread | undefined {
  return readRow(draft, key)?.threads.find((one) => one.delivery === dead.seq)
}

/** Of the same message to another recipient, or of an end by the thread in which it was told of the beginning. */
function hasHeard({ seq, kind, extra }: Delivery, channel: string, draft: Draft): boolean {
  const others = (extra.siblings ?? []).filter((one) => one !== seq).map((one) => draft.delivery(one)?.state)
  if (others.includes('dead') || others.includes('expired')) return true
  const threads = (extra.conditions ?? []).flatMap((key) => threadsAt(key, channel, draft))
  return kind === 'end' && threads.some(({ end }) => end !== undefined)
}

/** What is over is no news where the end is told already, nor is the end of what has begun again. */
function isPast({ kind }: Delivery, conditions: readonly string[], channel: string, draft: Draft): boolean {
  if (conditions.length === 0 || kind === 'digest') return false
  return conditions.every((key) => {
    const row = readRow(draft, key)
    const isOver = row !== undefined && hasEnded(row)
    if (kind === 'end') return !isOver
    return isOver && threadsAt(key, channel, draft).some(({ state, end }) => state !== 'lost' && end !== undefined)
  })
}

function threadsAt(key: string, channel: string, draft: Draft): Thread[] {
  const threads = readRow(draft, key)?.threads ?? []
  return threads.filter((one) => one.rule === fallbackRule && one.channel === channel)
}

function isLive({ state, end }: Thread): boolean {
  return state !== 'lost' && end === undefined
}

function without({
  rules: _rules,
  settled: _settled,
  siblings: _siblings,
  heard: _heard,
  keyed: _keyed,
  ...extra
}: DeliveryExtra): DeliveryExtra {
  return extra
}
