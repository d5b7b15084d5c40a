// The page at `/hosts`: every host with its state, its last vital signs and the last day of two of them.
import { localTime } from '../lib/local-time.ts'
import { toFineSpan, toSpan } from '../lib/span.ts'
import { cutText } from '../lib/text.ts'
import type { Severity } from '../words.ts'
import { frame } from './frame.ts'
import { html, type Html } from './html.ts'
import { sparkline, type SparkPoint } from './sparkline.ts'

export interface HostsPage {
  readonly hosts: readonly ShownHost[]
  /** Beyond those shown there may be more. */
  readonly total: number
  /** IANA name: the reader's zone. */
  readonly zone: string
  readonly now: number
}

export interface ShownHost {
  readonly host: HostFigures
  readonly cpu: readonly SparkPoint[]
  readonly memory: readonly SparkPoint[]
}

export interface HostFigures {
  readonly name: string
  /** ISO 8601. */
  readonly lastSeenAt: string
  readonly cpuPercent?: number
  readonly memoryPercent?: number
  readonly fullestDisk?: { readonly mount: string; readonly percent: number }
  readonly load?: number
  readonly uptimeSeconds?: number
  readonly conditions: number
  readonly severity?: Severity
}

const shownName = 80
/** Agents send every minute or so, and catch up when they could not; what is older than this is worth a word. */
const freshMs = 15 * 60_000

export function hostsPage({ hosts, total, zone, now }: HostsPage): string {
  if (total === 0) return frame('Sereno: hosts', nothing)
  const more = total - hosts.length
  return frame(
    'Sereno: hosts',
    html`<h1>${total === 1 ? 'One host' : `${total} hosts`}</h1>
      <table class="hosts">
        <thead>
          <tr>
            <th>Host</th>
            <th>State</th>
            <th>CPU, 24 h</th>
            <th>Memory, 24 h</th>
            <th>Fullest disk</th>
            <th>Load</th>
            <th>Uptime</th>
          </tr>
        </thead>
        <tbody>
          ${hosts.map((shown) => row(shown, zone, now))}
        </tbody>
      </table>
      ${more > 0 ? html`<p class="soft">… and ${more} more: <code>sereno hosts</code></p>` : undefined}`,
  )
}

export function hostPath(name: string): string {
  // What is half a character has no place in an address.
  return `/hosts/${encodeURIComponent(name.toWellFormed())}`
}

/** What is wrong with it, in a few words; else that all is well. */
export function stateOf({ conditions, severity, lastSeenAt }: HostFigures, now: number): Html {
  if (conditions > 0) {
    const what = conditions === 1 ? 'one thing is wrong' : `${conditions} things are wrong`
    return html`<span class="severity ${severity ?? 'warning'}">${what}</span>`
  }
  const age = now - Date.parse(lastSeenAt)
  if (age > freshMs) return html`<span class="severity warning">not heard for ${toSpan(age)}</span>`
  return html`<span class="state delivered">well</span>`
}

function row({ host, cpu, memory }: ShownHost, zone: string, now: number): Html {
  const { name, lastSeenAt, fullestDisk, load, uptimeSeconds } = host
  const disk =
    fullestDisk === undefined ? undefined : `${percent(fullestDisk.percent)} ${cutText(fullestDisk.mount, 40)}`
  return html`<tr>
    <th scope="row">
      <a href="${hostPath(name)}">${cutText(name, shownName)}</a>
      <time datetime="${lastSeenAt}">${localTime(Date.parse(lastSeenAt), zone)}</time>
    </th>
    <td>${stateOf(host, now)}</td>
    ${figure('CPU', percent(host.cpuPercent), sparkline(cpu, 'CPU, the last 24 hours'))}
    ${figure('Memory', percent(host.memoryPercent), sparkline(memory, 'Memory, the last 24 hours'))}
    ${figure('Fullest disk', disk)} ${figure('Load', load?.toFixed(2))}
    ${figure('Uptime', uptimeSeconds === undefined ? undefined : toFineSpan(uptimeSeconds * 1000))}
  </tr>`
}

function figure(about: string, value: string | undefined, curve?: Html): Html {
  if (value === undefined && curve === undefined) return html`<td class="none"></td>`
  return html`<td data-about="${about}"><span class="figure">${value ?? '–'}</span> ${curve}</td>`
}

function percent(value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${value.toFixed(0)} %`
}

const nothing = html`<h1>No hosts yet</h1>
  <p>
    A host is listed here when its first sample comes: from a source of the kind <code>host</code> for this machine, or
    from an agent on another.
  </p>`
