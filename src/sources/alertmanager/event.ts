// What one sighting of an alert is as an event: its severity and host by the labels people use, its words by its annotations.
import { isIP } from 'node:net'
import type { Condition, JsonObject, NewEvent, Severity } from '../../words.ts'
import { type Alert, optional, type Texts, urlLength } from './alert.ts'

/** A sighting that has something to say, or says that it still is so. */
export interface Told {
  readonly alert: Alert
  /** How often the alert fired again with the start of an earlier time, or 0. */
  readonly round: number
  /** Of a firing alert: when its sender says that it ends by itself. */
  readonly endsAt?: number
  /** Its end was not said: it was no longer in Alertmanager's list. */
  readonly gone?: true
}

/** How far a time may be ahead of ours before we take our own. */
const aheadMs = 300_000
const hostLength = 256
const titleLength = 1000

export function toEvent(told: Told, now: number, language: string): NewEvent {
  const { alert, round } = told
  const { status, labels, annotations, fingerprint } = alert
  const isFiring = status === 'firing'
  const { alertname } = labels
  const summary = wordsOf(annotations, ['summary', 'title'], language)?.slice(0, titleLength)
  const text = isFiring ? wordsOf(annotations, ['description', 'message'], language) : undefined
  const startsAt = alert.startsAt === undefined ? undefined : new Date(alert.startsAt).toISOString()
  const endedAt = !isFiring && alert.endsAt !== undefined && alert.endsAt <= now + aheadMs ? alert.endsAt : undefined
  const occurrence = `${startsAt ?? 'unknown'}/${status}`
  return {
    type: 'alert',
    // Of a firing alert the news is that it fires now; since when it does stands in the data.
    ...optional('time', endedAt),
    ...optional('host', hostOf(labels)),
    ...optional('subject', alertname),
    severity: severityOf(labels['severity']),
    labels,
    data: dataOf(told, startsAt),
    ...optional('title', summary === undefined || isFiring ? summary : `Resolved: ${summary}`),
    ...optional('text', text),
    condition: conditionOf(told, now),
    identity: { producer: fingerprint, id: round === 0 ? occurrence : `${occurrence}/${round}` },
  }
}

/** The first of these annotations that says anything; NS8 and others write one per language, as `summary_en`. */
function wordsOf(annotations: Texts, names: readonly string[], language: string): string | undefined {
  for (const name of names) {
    const other = Object.keys(annotations).find((key) => key.startsWith(`${name}_`) && annotations[key]?.trim() !== '')
    for (const key of [name, `${name}_${language}`, `${name}_en`, other ?? '']) {
      const words = annotations[key]?.trim()
      if (words !== undefined && words !== '') return words
    }
  }
  return undefined
}

function conditionOf({ alert, endsAt }: Told, now: number): Condition {
  const { fingerprint: key, status: state } = alert
  const at = state === 'firing' ? alert.startsAt : alert.endsAt
  const since = at !== undefined && at <= now + aheadMs ? { since: at } : {}
  // Said to be firing, it is not over, whatever its sender says of its end.
  return { key, state, ...since, ...(state === 'firing' && endsAt !== undefined && endsAt > now ? { endsAt } : {}) }
}

function dataOf({ alert, gone }: Told, startsAt: string | undefined): JsonObject {
  const { status, labels, annotations, fingerprint, endsAt, generatorUrl, receiver, groupKey, externalUrl } = alert
  const isOver = status === 'resolved' && endsAt !== undefined
  return {
    status,
    ...optional('alertname', labels['alertname']),
    annotations,
    ...optional('startsAt', startsAt),
    ...optional('endsAt', isOver ? new Date(endsAt).toISOString() : undefined),
    ...optional('ended', gone && 'gone'),
    fingerprint,
    ...optional('generatorUrl', generatorUrl),
    ...optional('externalUrl', externalUrl),
    ...optional('receiver', receiver),
    ...optional('groupKey', groupKey),
    ...optional('runbookUrl', urlIn(annotations, ['runbook_url', 'runbook'])),
    ...optional('dashboardUrl', urlIn(annotations, ['dashboard_url', 'dashboard']) ?? webUrl(alert.dashboardUrl)),
    ...optional('omitted', alert.omitted),
  }
}

function urlIn(annotations: Texts, names: readonly string[]): string | undefined {
  return names.map((name) => webUrl(annotations[name])).find((url) => url !== undefined)
}

function webUrl(text: string | undefined): string | undefined {
  const url = text?.trim() ?? ''
  return url.length <= urlLength && /^https?:$/.test(URL.parse(url)?.protocol ?? '') ? url : undefined
}

const severities = new Map<string, Severity>([
  ...['none', 'info', 'information', 'informational', 'notice', 'ok', 'debug'].map((word) => [word, 'info'] as const),
  ...['warning', 'warn', 'minor'].map((word) => [word, 'warning'] as const),
  ...['error', 'err', 'major'].map((word) => [word, 'error'] as const),
  ...['critical', 'crit', 'alarm', 'alert', 'page', 'disaster', 'fatal', 'emergency'].map(
    (word) => [word, 'critical'] as const,
  ),
])

/** An alert that says nothing of how bad it is, or in words of its own, is bad enough to be looked at. */
function severityOf(label: string | undefined): Severity {
  return severities.get(label?.trim().toLowerCase() ?? '') ?? 'warning'
}

function hostOf(labels: Texts): string | undefined {
  const host = labels['host'] || labels['hostname'] || labels['nodename'] || withoutPort(labels['instance'] ?? '')
  return host === '' ? undefined : host.slice(0, hostLength)
}

/** `10.5.4.1:9100`, `[fe80::1]:9100`, `fe80::1`, `web1`, and what a prober is pointed at, such as `https://web1/health`. */
function withoutPort(instance: string): string {
  const address = instance.includes('://') ? (URL.parse(instance)?.host ?? instance) : instance
  if (isIP(address) !== 0) return address
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(address)?.[1]
  return bracketed ?? address.replace(/:\d+$/, '')
}
