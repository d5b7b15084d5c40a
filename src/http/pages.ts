// The pages for people: the last events at `/`, one event with the reasons for what became of it at `/events/<id>`.
import { lookUpEvent } from '../engine/look.ts'
import { fromId, toId } from '../lib/id.ts'
import { eventPage, missingPage } from '../page/event-page.ts'
import { eventsPage } from '../page/events-page.ts'
import type { HubEvent } from '../words.ts'
import type { HubDoor } from './door.ts'
import { problemsOf } from './health.ts'

export interface Page {
  readonly status: 200 | 404
  readonly html: string
}

const shownEvents = 100
const eventPath = /^\/events\/([^/]+)$/

export function isPagePath(path: string): boolean {
  return path === '/' || eventPath.test(path)
}

/** `address`: where people reach this hub. Only for paths that `isPagePath` knows. */
export async function readPage(door: HubDoor, path: string, address: string): Promise<Page> {
  const [, id] = eventPath.exec(path) ?? []
  return id === undefined ? listPage(door, address) : onePage(door, id)
}

async function listPage(door: HubDoor, address: string): Promise<Page> {
  const events = await door.store.events({ limit: shownEvents })
  const verdicts = await door.store.verdicts(events.map((event) => event.seq))
  const byEvent = Map.groupBy(verdicts, (verdict) => verdict.event)
  const shown = events.map((event) => ({
    event,
    title: titleOf(door, event),
    verdicts: byEvent.get(event.seq) ?? [],
  }))
  const html = eventsPage({ events: shown, zone: door.zone, problems: problemsOf(door.health()), address })
  return { status: 200, html }
}

async function onePage(door: HubDoor, id: string): Promise<Page> {
  const seq = fromId(id)
  const event = seq === undefined ? undefined : await door.store.event(toId(seq))
  const page = await lookUpEvent(door.store, id, { rules: door.rules(), zone: door.zone })
  if (event === undefined || page === undefined) {
    return { status: 404, html: missingPage('There is no event by that id, or it is no longer kept.') }
  }
  const why = page.why.lines.slice(1)
  const texts = page.deliveries.flatMap((delivery) => delivery.texts)
  const html = eventPage({ event, title: titleOf(door, event), why, texts, zone: door.zone })
  return { status: 200, html }
}

function titleOf(door: HubDoor, event: HubEvent): string {
  const own = event.title ?? (event.subject === undefined ? event.type : `${event.type}: ${event.subject}`)
  return door.titleOf?.(event) ?? own
}
