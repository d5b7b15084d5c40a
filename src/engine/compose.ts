// Composes what a person reads: the event type's words or the config's template, then what Sereno itself has to add.
import { localTime } from '../lib/local-time.ts'
import type { EventType, MessageWords } from '../event-type.ts'
import type { Delivery, HubEvent, Message, MessageField } from '../words.ts'

export interface ComposeTools {
  readonly types: ReadonlyMap<string, EventType>
  /** Words from the config for this event; absent: the type's own. A broken template answers with a note on what is wrong. */
  readonly template?: (event: HubEvent, rule: string) => MessageWords | { readonly broken: string } | undefined
  /** IANA name: people see their own time. */
  readonly zone: string
  readonly hubUrl?: string
}

/** Events named one by one in a digest. */
const namedInDigest = 12

export function compose(delivery: Delivery, events: readonly HubEvent[], tools: ComposeTools): Message {
  const { words, notes } = wordsOf(delivery, events, tools)
  const first = events[0]
  const link = tools.hubUrl === undefined || first === undefined ? [] : [whyLink(tools.hubUrl, first)]
  return {
    title: words.title,
    ...(words.icon === undefined ? {} : { icon: words.icon }),
    severity: delivery.severity,
    fields: words.fields ?? [],
    lines: words.lines ?? [],
    links: link,
    notes: [...notes, ...notesOf(delivery, tools.zone)],
    ids: events.length === 0 ? [delivery.id] : events.map((event) => event.id),
    at: first?.time ?? delivery.createdAt,
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
  const custom = tools.template?.(first, delivery.rule)
  const words = wordsOfType(first, tools.types)
  if (custom === undefined) return { words, notes: [] }
  if ('broken' in custom) return { words, notes: [`The template for ${first.type} failed: ${custom.broken}`] }
  return { words: custom, notes: [] }
}

function wordsOfType(event: HubEvent, types: ReadonlyMap<string, EventType>): MessageWords {
  const type = types.get(event.type)
  if (type !== undefined) {
    const words = type.message(event)
    return event.title === undefined ? words : { ...words, title: event.title }
  }
  return plainWords(event)
}

/** Words for a type that nobody described: what the sender said, then its data. */
function plainWords(event: HubEvent): MessageWords {
  const fields: MessageField[] = []
  if (event.host !== undefined) fields.push({ name: 'Host', value: event.host, code: true })
  for (const [name, value] of Object.entries(event.data).slice(0, 12)) {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    fields.push({ name, value: text.slice(0, 300), code: true })
  }
  return {
    title: event.title ?? (event.subject === undefined ? event.type : `${event.type}: ${event.subject}`),
    fields,
    lines: event.text === undefined ? [] : [event.text],
  }
}

function digest(delivery: Delivery, events: readonly HubEvent[], tools: ComposeTools): MessageWords {
  const { extra } = delivery
  const count = events.length + (extra.unnamed ?? 0)
  const titles = new Set(events.map((event) => titleOf(event, tools.types)))
  const what = titles.size === 1 ? `${count} × ${[...titles][0]}` : `${count} events`
  const lines = events.slice(0, namedInDigest).map((event) => lineOf(event, tools, titles.size > 1))
  const more = count - Math.min(events.length, namedInDigest)
  if (more > 0) lines.push(`… and ${more} more`)
  return { title: extra.heldBy === 'late' ? `While I was away: ${what}` : what, lines: [lines.join('\n')] }
}

function lineOf(event: HubEvent, tools: ComposeTools, titled: boolean): string {
  const words = wordsOfType(event, tools.types)
  const parts = titled ? [words.title] : []
  for (const field of words.fields ?? []) parts.push(field.value)
  if (parts.length === 0) parts.push(event.text?.split('\n')[0] ?? words.title)
  return `${shortTime(event.time, tools.zone)} ${parts.join(', ')}`.slice(0, 240)
}

function notesOf({ extra, unanswered, kind }: Delivery, zone: string): string[] {
  const notes: string[] = []
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

/** To the minute, in the reader's zone. */
function shortTime(at: number, zone: string): string {
  return localTime(at, zone).slice(0, 16)
}
