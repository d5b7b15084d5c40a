// The page of one event, where the links in messages lead: what happened, what became of it, and why.
import { cutText } from '../lib/text.ts'
import type { HubEvent, Json, JsonObject } from '../words.ts'
import { metaOf, shownTitle } from './events-page.ts'
import { frame } from './frame.ts'
import { html, type Html } from './html.ts'

export interface EventPageContent {
  readonly event: HubEvent
  readonly title: string
  /** As `sereno why` prints them, without the line that names the event. */
  readonly why: readonly string[]
  /** The messages as they were sent. */
  readonly texts: readonly string[]
  readonly zone: string
}

export function eventPage({ event, title: whole, why, texts, zone }: EventPageContent): string {
  const { text } = event
  const title = cutText(whole, shownTitle)
  return frame(
    `Sereno: ${title}`,
    html`<h1>${title}</h1>
      ${metaOf(event, zone)} ${text === undefined ? undefined : html`<div class="words">${text}</div>`}
      <h2>What became of it</h2>
      <pre>${why.join('\n')}</pre>
      ${texts.map(
        (sent) =>
          html`<h2>As it was told</h2>
            <pre>${sent}</pre>`,
      )}
      ${facts('Labels', event.labels)} ${facts('What the source said', event.data)}`,
  )
}

function facts(heading: string, values: JsonObject): Html | undefined {
  const rows = Object.entries(values)
  if (rows.length === 0) return undefined
  const row = ([name, value]: [string, Json]): Html => {
    const shown = typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)
    return html`<dt>${name}</dt>
      <dd>${shown}</dd>`
  }
  return html`<h2>${heading}</h2>
    <dl>${rows.map(row)}</dl>`
}

export function missingPage(sentence: string): string {
  return frame(
    'Sereno: not found',
    html`<h1>Not found</h1>
      <p>${sentence}</p>`,
  )
}
