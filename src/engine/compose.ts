// Composes what a person reads: the event type's words or the config's template, then what Sereno itself has to add.
import { localTime } from '../lib/local-time.ts'
import type { EventType, MessageWords } from '../event-type.ts'
import { spanWords } from '../lib/duration.ts'
import type { ConditionEnd, Delivery, DeliveryExtra, HubEvent, Message, MessageField } from '../words.ts'

export interface ComposeTools {
  readonly types: ReadonlyMap<string, EventType>
  /** Words from the config for this event; absent: the type's own. A broken template answers with a note on what is wrong. */
  readonly template?: (event: HubEvent, rule: string) => MessageWords | { readonly broken: string } | undefined
  /** IANA name: people see their own time. */
  readonly zone: string
  readonly hubUrl?: string
}

/** Events named one by one in a digest: of these people have been told, the rest they know by number. */
export const namedInDigest = 12

export function compose(delivery: Delivery, events: readonly HubEvent[], tools: ComposeTools): Message {
  const { words, notes } = wordsOf(delivery, events, tools)
  const first = events[0]
  const link = tools.hubUrl === undefined || first === undefined ? [] : [whyLink(tools.hubUrl, first)]
  return {
    title: words.title,
    ...(words.icon === undefined ? {} : { icon: words.icon }),
    severity: delivery.severity,
    ...(words.folded === undefined ? {} : { folded: words.folded }),
    ...(words.graphs === undefined ? {} : { graphs: words.graphs }),
    ...(words.answers === undefined ? {} : { answers: words.answers }),
    fields: words.fields ?? [],
    lines: words.lines ?? [],
    links: link,
    notes: [...notes, ...notesOf(delivery, tools.zone)],
    ids: events.length === 0 ? [delivery.id] : events.map((event) => event.id),
    at: first?.time ?? delivery.createdAt,
    ...(words.stage === undefined ? {} : { stage: words.stage }),
  }
}

/** What an event is called in one line. */
export function titleOf(event: HubEvent, types: ReadonlyMap<string, EventType>): string {
  return wordsOfType(event, types).title
}

function whyLink(hubUrl: string, event: HubEvent): { text: string; url: string } {
  return { text: 'why', url: `${hubUrl.replace(/\/$/, '')}/events/${event.id}` }
}

function wordsOf(
  delivery: Delivery,
  events: readonly HubEvent[],
  tools: ComposeTools,
): { readonly words: MessageWords; readonly notes: readonly string[] } {
  const { extra } = delivery
  if (extra.title !== undefined) return { words: { title: extra.title, lines: extra.lines ?? [] }, notes: [] }
  const [first] = events
  if (first === undefined) return { words: { title: 'An event that is no longer kept' }, notes: [] }
  if (delivery.kind === 'digest') return { words: digest(delivery, events, tools), notes: [] }
  // The newest says how things are; of a message that also tells of the end, the last that is not the end.
  const current = events.findLast((event) => event.condition?.state !== 'resolved')
  const said = (delivery.kind === 'end' ? events.at(-1) : current) ?? first
  const { endedBy = 'resolved' } = extra.condition ?? {}
  const titled = (found: MessageWords): MessageWords => ({ ...found, title: titleFor(delivery, found.title) })
  // Where the hub itself says that it is over, there is nothing to quote.
  if (delivery.kind === 'end' && endedBy !== 'resolved')
    return { words: titled({ title: '', fields: hostField(said) }), notes: [] }
  const custom = tools.template?.(said, delivery.rule)
  const words = wordsOfType(said, tools.types)
  const own = delivery.kind === 'end' && said.title === undefined ? { ...words, title: '' } : words
  if (custom === undefined) return { words: saysItself(delivery, said, tools.types) ? own : titled(own), notes: [] }
  const failed = 'broken' in custom ? [`The template for ${said.type} failed: ${custom.broken}`] : []
  const stage = own.stage === undefined ? {} : { stage: own.stage }
  return { words: titled('broken' in custom ? own : { ...custom, ...stage }), notes: failed }
}

/** A type of ours has words of its own for its end; what others call it may read like one more beginning. */
function saysItself({ kind, extra }: Delivery, event: HubEvent, types: ComposeTools['types']): boolean {
  if (kind !== 'end' || !types.has(event.type) || event.title === undefined) return false
  return event.title !== extra.condition?.title && titleOf(event, types) !== extra.condition?.title
}

/** What a message is called, by what it does in its thread. */
function titleFor({ kind, extra }: Delivery, title: string): string {
  const { condition } = extra
  if (condition === undefined) return title
  if (kind === 'remind') return `Still open: ${title}`
  if (kind === 'end') return endTitle(title === '' ? condition.title : title, condition.endedBy)
  if (kind === 'change' && condition.began !== undefined) return `Again: ${title}`
  return title
}

/** Where nothing but the title is seen, an end must not look like one more beginning, nor as if somebody had said so. */
function endTitle(title: string, endedBy: ConditionEnd = 'resolved'): string {
  const word = endTitles[endedBy]
  return title.toLowerCase().startsWith(word.toLowerCase()) ? title : `${word}: ${title}`
}

function wordsOfType(event: HubEvent, types: ReadonlyMap<string, EventType>): MessageWords {
  const type = types.get(event.type)
  if (type !== undefined) {
    const words = type.message(event)
    // Some take in what the sender called it, such as behind the name of its host.
    const isSaid = event.title === undefined || words.title.includes(event.title)
    return isSaid ? words : { ...words, title: event.title }
  }
  return plainWords(event)
}

/** Words for a type that nobody described: what the sender said, then its data. */
function plainWords(event: HubEvent): MessageWords {
  const fields = hostField(event)
  for (const [name, value] of Object.entries(event.data).slice(0, 12)) {
    // Many senders say title and text within their data.
    if (value === event.title || value === event.text) continue
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    fields.push({ name, value: text.slice(0, 300), code: true })
  }
  return {
    title: event.title ?? (event.subject === undefined ? event.type : `${event.type}: ${event.subject}`),
    fields,
    lines: event.text === undefined ? [] : [event.text],
  }
}

function hostField({ host }: HubEvent): MessageField[] {
  return host === undefined ? [] : [{ name: 'Host', value: host, code: true }]
}

function digest(delivery: Delivery, events: readonly HubEvent[], tools: ComposeTools): MessageWords {
  const { extra } = delivery
  // The end of what is named here stands beside its beginning.
  const shown = events.filter((event) => event.condition?.state !== 'resolved' || extra.ended === undefined)
  const count = shown.length + (extra.unnamed ?? 0)
  const titles = new Set(shown.map((event) => titleOf(event, tools.types)))
  const what = titles.size === 1 ? `${count} × ${[...titles][0]}` : `${count} events`
  const lines = shown
    .slice(0, namedInDigest)
    .map((event) => `${lineOf(event, tools, titles.size > 1)}${endedWords(extra.ended?.[event.seq], event)}`)
  const more = count - Math.min(shown.length, namedInDigest)
  if (more > 0) lines.push(`… and ${more} more`)
  return { title: `${digestTitles[extra.heldBy ?? ''] ?? ''}${what}`, lines: [lines.join('\n')] }
}

const digestTitles: { readonly [stage: string]: string } = {
  late: 'While I was away: ',
  mute: 'Held until now: ',
  group: 'Together: ',
}

function lineOf(event: HubEvent, tools: ComposeTools, titled: boolean): string {
  const words = wordsOfType(event, tools.types)
  const parts = titled ? [words.title] : []
  for (const field of words.fields ?? []) parts.push(field.value)
  if (parts.length === 0) parts.push(event.text?.split('\n')[0] ?? words.title)
  return `${shortTime(event.time, tools.zone)} ${parts.join(', ')}`.slice(0, 240)
}

function endedWords(endedAt: number | undefined, event: HubEvent): string {
  return endedAt === undefined ? '' : ` (ended after ${spanWords(endedAt - event.time)})`
}

function notesOf({ extra, unanswered, kind }: Delivery, zone: string): string[] {
  const notes = conditionNotes(extra, kind, zone)
  if (extra.held !== undefined && extra.held > 0) {
    const since = extra.heldSince === undefined ? '' : ` since ${shortTime(extra.heldSince, zone)}`
    const were = extra.held === 1 ? '1 repeat was' : `${extra.held} repeats were`
    notes.push(kind === 'note' ? `${were} counted${since}.` : `${were} held${since}.`)
  }
  if (extra.heldBy === 'throttle') notes.push('Held back to keep the pace and told as one.')
  if (extra.fallbackFor !== undefined) notes.push(`Told here because channel ${extra.fallbackFor} could not be told.`)
  if (unanswered > 0) notes.push('Sent again: the first sending got no answer and may have arrived.')
  return notes
}

function conditionNotes({ condition, heldBy }: DeliveryExtra, kind: Delivery['kind'], zone: string): string[] {
  if (condition === undefined) return []
  const { since, endedAt, endedBy = 'resolved', was, began, reminder } = condition
  const notes: string[] = []
  if (was !== undefined) notes.push(`It was ${was} before.`)
  if (began !== undefined) {
    const calm =
      endedAt !== undefined
        ? 'It has been calm for 10 minutes now.'
        : 'Its end is told once it has been calm for 10 minutes.'
    notes.push(`It began ${began} times since ${shortTime(since, zone)}. ${calm}`)
  }
  if (reminder !== undefined) notes.push(`Open since ${shortTime(since, zone)}; reminder ${reminder}.`)
  if (endedAt === undefined)
    return heldBy === 'late' ? [...notes, `It began ${shortTime(since, zone)}; I heard of it only now.`] : notes
  const lasted = spanWords(endedAt - since)
  const span = endedBy === 'resolved' ? ` and lasted ${lasted}` : ''
  const told =
    kind === 'end'
      ? `It began ${shortTime(since, zone)}${span}.`
      : `It began ${shortTime(since, zone)} and ended ${shortTime(endedAt, zone)}, after ${lasted}: you could not be told before.`
  return [...notes, endedBy === 'resolved' ? told : `${told} ${endWords[endedBy]}`]
}

const endTitles: { readonly [by in ConditionEnd]: string } = {
  resolved: 'Resolved',
  expired: 'Not heard of any more',
  closed: 'Closed',
  'source-removed': 'No longer watched',
  'watch-removed': 'No longer watched',
}

const endWords: { readonly [by in Exclude<ConditionEnd, 'resolved'>]: string } = {
  expired: 'Nothing was heard of it any more; nobody said that it is over.',
  closed: 'It was closed by hand.',
  'source-removed': 'Its source is no longer configured: nobody looks any more.',
  'watch-removed': 'Its watch is no longer configured.',
}

/** To the minute, in the reader's zone. */
function shortTime(at: number, zone: string): string {
  return localTime(at, zone).slice(0, 16)
}
