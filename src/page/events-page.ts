// The page at `/`: the last events, newest first, each with what became of it.
import { localTime } from '../lib/local-time.ts'
import { cutText } from '../lib/text.ts'
import type { HubEvent, Severity, Verdict } from '../words.ts'
import { frame } from './frame.ts'
import { html, type Html } from './html.ts'

export interface EventsPage {
  readonly events: readonly ShownEvent[]
  /** What has begun and not ended, the latest first; beyond those shown here there may be more. */
  readonly open: readonly OpenCondition[]
  readonly openTotal: number
  /** IANA name: the reader's zone. */
  readonly zone: string
  /** Why the hub cannot do its work, one sentence each. */
  readonly problems: readonly string[]
  /** Where the reader reached the hub, for the first steps. */
  readonly address: string
}

export interface OpenCondition {
  /** Of the event that began it. */
  readonly id: string
  readonly title: string
  readonly severity: Severity
  readonly source: string
  readonly host?: string
  /** ISO 8601. */
  readonly since: string
  readonly threads: readonly { readonly channel: string; readonly state: string }[]
}

export interface ShownEvent {
  readonly event: HubEvent
  readonly title: string
  readonly verdicts: readonly Verdict[]
}

/** What is shown of a long text; the event's own page has all of it. */
export const shownTitle = 200
const shownText = 400
const shownName = 100
const shownReason = 300

export function eventsPage({ events, open, openTotal, zone, problems, address }: EventsPage): string {
  const list = events.map((shown) => item(shown, zone))
  const count = events.length === 1 ? 'The last event' : `The last ${events.length} events`
  // What the hub says of itself is not what it was set up for.
  const isFirstRun = events.every(({ event }) => event.type.startsWith('sereno.'))
  return frame(
    'Sereno: events',
    html`${alarm(problems)} ${openList(open, openTotal, zone)} ${isFirstRun ? firstSteps(address) : undefined}
    ${
      events.length === 0
        ? undefined
        : html`<h1>${count}</h1>
            <ol class="events">
              ${list}
            </ol>`
    }`,
  )
}

function openList(open: readonly OpenCondition[], total: number, zone: string): Html | undefined {
  if (open.length === 0) return undefined
  const more = total - open.length
  return html`<h1>${total === 1 ? 'One thing is wrong now' : `${total} things are wrong now`}</h1>
    <ol class="events">
      ${open.map((one) => openItem(one, zone))}
    </ol>
    ${more > 0 ? html`<p class="soft">… and ${more} more: <code>sereno conditions</code></p>` : undefined}`
}

export function openItem({ id, title, severity, source, host, since, threads }: OpenCondition, zone: string): Html {
  const told = [...new Set(threads.map(({ channel, state }) => `${channel} ${threadWords[state] ?? state}`))]
  const words = [`from ${source}`, ...(host === undefined ? [] : [`on ${host}`])].map((word) =>
    cutText(word, shownName),
  )
  return html`<li class="${severity}">
    <div class="title"><a href="/events/${id}">${cutText(title, shownTitle)}</a></div>
    <p class="meta">
      <span class="severity ${severity}">${severity}</span> · since
      <time datetime="${since}">${localTime(Date.parse(since), zone)}</time> · ${words.join(' · ')} ·
      ${told.length === 0 ? 'nobody was told: no rule asked for it' : told.join(', ')}
    </p>
  </li> `
}

const threadWords: { readonly [state: string]: string } = {
  pending: 'is being told',
  told: 'was told',
  held: 'is told later',
  bundled: 'is told with others',
  lost: 'could not be told',
}

export function alarm(problems: readonly string[]): Html | undefined {
  if (problems.length === 0) return undefined
  return html`<div class="alarm" role="alert">${problems.map((problem) => html`<p>${problem}</p>`)}</div>`
}

export function metaOf(event: HubEvent, zone: string): Html {
  const { severity, time, type, source, host, subject, id } = event
  const at = new Date(time).toISOString()
  const words = [type, `from ${source}`, host && `on ${host}`, subject && `about ${subject}`]
    .filter((word) => word !== undefined && word !== '')
    .map((word) => cutText(word ?? '', shownName))
  return html`<p class="meta">
    <span class="severity ${severity}">${severity}</span> · <time datetime="${at}">${localTime(time, zone)}</time> ·
    ${words.join(' · ')} · <a href="/events/${id}">${id}</a>
  </p>`
}

function item({ event, title, verdicts }: ShownEvent, zone: string): Html {
  return html`<li class="${event.severity}">
    <div class="title"><a href="/events/${event.id}">${cutText(title, shownTitle)}</a></div>
    ${metaOf(event, zone)} ${event.text === undefined ? undefined : words(event.text)}
    ${
      verdicts.length === 0
        ? recorded
        : html`<ul class="verdicts">
            ${verdicts.map((verdict) => became(verdict, zone))}
          </ul>`
    }
  </li> `
}

function words(text: string): Html | undefined {
  const shown = cutText(text.trim(), shownText)
  return shown === '' ? undefined : html`<div class="words">${shown}</div>`
}

const recorded = html`<p class="meta">recorded: no rule asked for it</p>`

function became({ rule, channel, state, reason, until }: Verdict, zone: string): Html {
  const why = reason === '' || reason === state ? '' : `: ${cutText(reason, shownReason)}`
  const end = until === undefined ? '' : `, until ${localTime(until, zone)}`
  return html`<li>
    <span class="state ${state}">${state}</span> → ${channel} <span class="soft">${byRule(rule)}${why}${end}</span>
  </li>`
}

/** What the hub tells of its own accord has its reason in brackets where the rule would stand. */
function byRule(rule: string): string {
  return rule.startsWith('(') ? rule : `by rule ${rule}`
}

function firstSteps(address: string): Html {
  return html`<h1>The watch has begun; nothing has happened yet</h1>
    <p>Send a first message from a shell on this machine:</p>
    <pre>curl -d hostname="$(hostname)" -d message='all is well' ${address}/message</pre>
    <p>Then load this page again. Events of your own, with a token:</p>
    <pre>
curl -H "Authorization: Bearer $(cat sereno-data/token)" -H 'Content-Type: application/cloudevents+json' \\
  -d '{"specversion":"1.0","id":"1","source":"my-script","type":"backup.report","severity":"error"}' \\
  ${address}/api/v1/events</pre>
    <p class="soft">
      To follow a log or to tell Slack, write a config: <code>sereno init</code> makes a commented one.
    </p>`
}
