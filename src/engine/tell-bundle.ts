// What waited together in a bundle is told as one, and the conditions named there have threads from then on; pure.
import { toId } from '../lib/id.ts'
import { goOnGathering } from '../rules/group.ts'
import { bundleOf, noteSent, throttleKey } from '../rules/throttle.ts'
import type { Delivery, DeliveryExtra } from '../words.ts'
import { type Bundle, type BundledEvent, countedWords, type Ended, isIn, withoutName } from './bundle.ts'
import { namedInDigest } from './compose.ts'
import { type ConditionRow, putRow, readRow, type Thread } from './condition-row.ts'
import type { Draft } from './draft.ts'
import type { Judge } from './judge.ts'
import { goOn } from './stages.ts'
import { type Named, tell } from './tell.ts'
import { noteOf, type ThreadTools, verdict } from './thread-tools.ts'
import { lastUntil } from './windows.ts'

export function tellBundle(key: string, tools: ThreadTools): void {
  const { judge, draft, now } = tools
  const bundle = draft.get(key) as Bundle | undefined
  if (bundle === undefined) return
  const until = bundle.host === undefined ? undefined : lastUntil(draft, bundle.host, now)
  if (until !== undefined) {
    draft.job({ key, kind: 'bundle', dueAt: until, clock: 'hub', body: null })
    return
  }
  draft.put(key, undefined)
  const { unnamed, by } = bundle
  const events: BundledEvent[] = []
  for (const entry of bundle.events) {
    // Of old news, what still is so is news.
    const open = (by === 'late' || by === 'mute') && entry.ended === undefined ? threadOf(key, entry, tools) : undefined
    if (open === undefined) events.push(entry)
    else goOn(...open, tools)
  }
  const [first] = events
  if (first === undefined && unnamed === 0) return
  const least = by === 'group' ? endGroup(key, bundle, tools) : 2
  if (first !== undefined && events.length < least && unnamed === 0)
    for (const entry of events) tellAlone(key, bundle, entry, tools)
  else tellDigest(key, { ...bundle, events }, tools)
  if (by === 'throttle') noteBundleSent(judge, draft, key, bundle, now)
}

/** Returns how many make a message of their own; fewer are told one by one. */
function endGroup(key: string, { rule: name }: Bundle, { judge, draft, now }: ThreadTools): number {
  const rule = judge.rules.find((one) => one.name === name)
  if (rule?.group === undefined) return 2
  goOnGathering(key, rule.group.intervalMs, draft, now)
  return Math.max(2, rule.group.min)
}

function tellDigest(key: string, bundle: Bundle, tools: ThreadTools): void {
  const { channel, rule, severity, by, unnamed, counted, since, events: entries } = bundle
  const ended = Object.fromEntries(entries.flatMap(({ seq, ended: one }) => (one === undefined ? [] : [[seq, one.at]])))
  const named = entries.slice(0, namedInDigest)
  const conditions = named.flatMap((entry) =>
    waitingFor(key, entry, tools) === undefined ? [] : (entry.condition ?? []),
  )
  const extra: DeliveryExtra = {
    heldBy: by,
    heldSince: since,
    ...(unnamed === 0 ? {} : { unnamed }),
    ...(Object.keys(ended).length === 0 ? {} : { ended }),
    ...(conditions.length === 0 ? {} : { conditions }),
  }
  const intent = {
    channel,
    rule,
    severity,
    kind: 'digest',
    thread: key,
    events: entries.flatMap(namesOf),
    extra,
  } as const
  const ends = by === 'late' ? ({ verdict: 'merged', by } as const) : {}
  const deliveries = tell(tools.draft, tools.judge, { ...intent, ...ends }, tools.now)
  if (counted !== undefined) {
    const owner = { rule: counted.rule, channel }
    verdict(tools, counted.event, owner, ['merged', by, withoutName, deliveries[0]?.id])
  }
  for (const [index, entry] of entries.entries()) begin(key, entry, index < namedInDigest ? deliveries : [], tools)
}

/** One is told as if it had not been held; still open, as it is by now. */
function tellAlone(
  key: string,
  { channel, by, severity: held }: Bundle,
  entry: BundledEvent,
  tools: ThreadTools,
): void {
  const { judge, draft, now } = tools
  const { seq, rule, ended } = entry
  const row = waitingFor(key, entry, tools)
  const severity = row === undefined ? held : (judge.rules.find(({ name }) => name === rule)?.severity ?? row.severity)
  const isLatest = row === undefined || ended !== undefined
  const events = isLatest ? namesOf(entry) : [{ seq: row.latest, rule }]
  const extra = { ...(row === undefined ? {} : noteOf(row)), ...(ended === undefined ? {} : endNote(ended)) }
  const thread = row?.thread ?? toId(seq)
  const deliveries = tell(draft, judge, { channel, rule, kind: 'open', thread, events, severity, extra }, now)
  if (!isLatest && row.latest !== seq) {
    verdict(tools, seq, { rule, channel }, ['merged', by, 'told as it was by then', deliveries[0]?.id])
  }
  begin(key, entry, deliveries, tools)
}

function endNote({ at: endedAt, by: endedBy, since, title }: Ended): DeliveryExtra {
  return { condition: { since, title, endedAt, endedBy } }
}

function namesOf({ seq, rule, ended }: BundledEvent): Named[] {
  return ended === undefined
    ? [{ seq, rule }]
    : [
        { seq, rule },
        { seq: ended.seq, rule },
      ]
}

/** Where its condition waits here. */
function threadOf(key: string, entry: BundledEvent, tools: ThreadTools): [ConditionRow, Thread] | undefined {
  const row = waitingFor(key, entry, tools)
  const thread = row?.threads.find((one) => isIn(one, key, entry))
  return row === undefined || thread === undefined ? undefined : [row, thread]
}

/** The row of its condition, unless that has begun anew since. */
function waitingFor(key: string, entry: BundledEvent, { draft }: ThreadTools): ConditionRow | undefined {
  const row = entry.condition === undefined ? undefined : readRow(draft, entry.condition)
  return row?.threads.some((thread) => isIn(thread, key, entry)) === true ? row : undefined
}

/** Who is named has been told; who is only counted has not. */
function begin(key: string, entry: BundledEvent, deliveries: readonly Delivery[], tools: ThreadTools): void {
  const found = threadOf(key, entry, tools)
  if (found === undefined) return
  const [row, waited] = found
  const { rule, channel, severity } = waited
  const own = { rule, channel, severity, event: entry.seq }
  const told = deliveries.map(({ recipient, seq }): Thread => {
    const end = entry.ended === undefined ? {} : { end: seq }
    return { ...own, recipient, state: 'pending', delivery: seq, ...end }
  })
  const next = row.threads.flatMap((thread) => {
    if (!isIn(thread, key, entry)) return [thread]
    const { recipient } = thread
    return deliveries.length > 0 ? [] : [{ ...own, recipient, state: 'lost', reason: countedWords } as const]
  })
  putRow(tools.draft, { ...row, threads: [...next, ...told] }, tools.now)
}

function noteBundleSent(judge: Judge, draft: Draft, key: string, { channel, rule }: Bundle, now: number): void {
  const owner = judge.rules.find(({ name }) => name === rule)
  const ofChannel = throttleKey('', channel)
  const ofRule = throttleKey(rule, channel)
  const channelLimit = judge.channels.get(channel)?.throttle
  if (channelLimit !== undefined) noteSent(channelLimit, ofChannel, draft, now)
  if (key === bundleOf(ofRule) && owner?.throttle !== undefined) noteSent(owner.throttle, ofRule, draft, now)
}
