// The page of one host: what is wrong with it, how its metrics went, and its last sample.
import { localTime } from '../lib/local-time.ts'
import { toFineSpan } from '../lib/span.ts'
import { cutText } from '../lib/text.ts'
import { rowName, spokenValue } from '../source-sample-words.ts'
import { type OpenCondition, openItem } from './events-page.ts'
import { frame } from './frame.ts'
import { type HostFigures, hostPath, stateOf } from './hosts-page.ts'
import { html, type Html } from './html.ts'

export interface HostPageContent {
  readonly host: HostFigures & {
    readonly firstSeenAt: string
    readonly source: string
    readonly bootId?: string
    readonly failedUnits?: readonly string[]
    readonly series: readonly { readonly series: string; readonly value: number }[]
    readonly open: readonly OpenCondition[]
  }
  readonly graphs: readonly ShownGraph[]
  /** One of `spans`. */
  readonly span: string
  readonly spans: readonly string[]
  /** The one series that is looked at; absent: a choice of them. */
  readonly metric?: string
  readonly zone: string
  readonly now: number
}

export interface ShownGraph {
  readonly series: string
  readonly svg: Html
}

const shownName = 200

export function hostPage({ host, graphs, span, spans, metric, zone, now }: HostPageContent): string {
  const name = cutText(host.name, shownName)
  const address = (query: { readonly [key: string]: string }): string =>
    `${hostPath(host.name)}?${new URLSearchParams({ ...(metric === undefined ? {} : { metric }), ...query }).toString()}`
  return frame(
    `Sereno: ${name}`,
    html`<h1>${name}</h1>
      <p class="meta">
        ${stateOf(host, now)} · last seen
        <time datetime="${host.lastSeenAt}">${localTime(Date.parse(host.lastSeenAt), zone)}</time> · by
        ${cutText(host.source, shownName)} · known since ${localTime(Date.parse(host.firstSeenAt), zone)}
        ${host.uptimeSeconds === undefined ? undefined : html` · up for ${toFineSpan(host.uptimeSeconds * 1000)}`}
        ${host.bootId === undefined ? undefined : html` · boot ${host.bootId}`}
      </p>
      ${wrong(host.open, zone)} ${failed(host.failedUnits)}
      <nav class="spans" aria-label="How far back">
        ${spans.map((one) =>
          one === span
            ? html`<span aria-current="true">${one}</span> `
            : html`<a href="${address({ span: one })}">${one}</a> `,
        )}
        ${metric === undefined ? undefined : html`<a href="${hostPath(host.name)}?span=${span}">all graphs</a>`}
      </nav>
      <div class="graphs">${graphs.map(({ svg }) => svg)}</div>
      <h2>Last sample</h2>
      <table class="series">
        <tbody>
          ${host.series.map(
            ({ series, value }) =>
              html`<tr>
                <th scope="row"><a href="${address({ span, metric: series })}">${rowName(series)}</a></th>
                <td>${spokenValue(series, value)}</td>
              </tr>`,
          )}
        </tbody>
      </table>`,
  )
}

function wrong(open: readonly OpenCondition[], zone: string): Html | undefined {
  if (open.length === 0) return undefined
  return html`<ol class="events">
    ${open.slice(0, 20).map((one) => openItem(one, zone))}
  </ol>`
}

function failed(units: readonly string[] | undefined): Html | undefined {
  if (units === undefined || units.length === 0) return undefined
  return html`<p class="meta">
    <span class="severity error">failed units:</span> ${units.map((unit) => cutText(unit, 100)).join(', ')}
  </p>`
}
