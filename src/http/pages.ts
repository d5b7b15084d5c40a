// The pages for people: the last events at `/`, one event with the reasons for what became of it at `/events/<id>`.
import { listConditions } from '../engine/look-conditions.ts'
import { lookUpEvent } from '../engine/look.ts'
import { fromId, toId } from '../lib/id.ts'
import { eventPage, missingPage } from '../page/event-page.ts'
import { cutText } from '../lib/text.ts'
import { eventsPage, shownTitle } from '../page/events-page.ts'
import type { HubEvent } from '../words.ts'
import type { HubDoor } from './door.ts'
import { problemsOf } from './health.ts'
import { eventPath, hostPath } from './page-path.ts'
import { readHostsPage } from './pages-hosts.ts'

export interface Page {
  readonly status: 200 | 404
  readonly html: string
}

const shownEvents = 100
const shownConditions = 20
const eventsAtOnce = 5
/** More than the list shows, so that it sees where to cut. */
const keptText = 2000
/** `search`: what stands behind the question mark; `address`: where people reach this hub. Only for paths that `isPagePath` knows. */
export async function readPage(door: HubDoor, path: string, search: string, address: string): Promise<Page> {
  const host = hostPath.exec(path)
  if (host !== null) return readHostsPage(door, host[1], new URLSearchParams(search))
  const [, id] = eventPath.exec(path) ?? []
  return id === undefined ? listPage(door, address) : onePage(door, id)
}

async function listPage(door: HubDoor, address: string): Promise<Page> {
  const listed = await lastEvents(door)
  const verdicts = await door.store.verdicts(listed.map(({ event }) => event.seq))
  const byEvent = Map.groupBy(verdicts, (verdict) => verdict.event)
  const shown = listed.map((one) => ({ ...one, verdicts: byEvent.get(one.event.seq) ?? [] }))
  const { conditions, total } = await listConditions(door.store, { state: 'open', limit: shownConditions })
  const html = eventsPage({
    events: shown,
    open: conditions,
    openTotal: total,
    zone: door.zone,
    problems: problemsOf(door.health()),
    address,
  })
  return { status: 200, html }
}

/** A few at a time and without what the list does not show: an event may be as large as the largest request. */
async function lastEvents(door: HubDoor): Promise<{ readonly event: HubEvent; readonly title: string }[]> {
  const listed: { readonly event: HubEvent; readonly title: string }[] = []
  while (listed.length < shownEvents) {
    const beforeSeq = listed.at(-1)?.event.seq
    const events = await door.store.events({ limit: eventsAtOnce, ...(beforeSeq === undefined ? {} : { beforeSeq }) })
    for (const event of events)
      listed.push({ event: slim(event), title: cutText(titleOf(door, event), shownTitle + 1) })
    if (events.length < eventsAtOnce) break
  }
  return listed
}

function slim(event: HubEvent): HubEvent {
  const { text } = event
  return { ...event, data: {}, ...(text === undefined ? {} : { text: cutText(text, keptText) }) }
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
