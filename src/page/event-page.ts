// The page of one event, where the links in messages lead: what happened, what became of it, and why.
import type { HubEvent } from '../words.ts'
import { metaOf } from './events-page.ts'
import { frame } from './frame.ts'
import { html } from './html.ts'

export interface EventPageContent {
  readonly event: HubEvent
  readonly title: string
  /** As `sereno why` prints them. */
  readonly why: readonly string[]
  /** The messages as they were sent. */
  readonly texts: readonly string[]
  readonly zone: string
}

export function eventPage({ event, title, why, texts, zone }: EventPageContent): string {
  const { text, data, labels } = event
  const facts = { ...(Object.keys(labels).length > 0 && { labels }), data }
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
      <h2>What the source said</h2>
      <pre>${JSON.stringify(facts, undefined, 2)}</pre>`,
  )
}

export function missingPage(sentence: string): string {
  return frame(
    'Sereno: not found',
    html`<h1>Not found</h1>
      <p>${sentence}</p>`,
  )
}
