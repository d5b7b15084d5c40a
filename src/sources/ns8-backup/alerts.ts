// Reads alerts about backups out of what Alertmanager posts and of what it answers: pure; of each alert it says what it is.
// https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
import { createHash } from 'node:crypto'
import { readJson, showJson } from '../../lib/read-json.ts'
import { readRfc3339 } from '../../lib/rfc3339.ts'
import { cleanLine, cutText } from '../../lib/text.ts'
import { type BackupAlert, isPlanId } from './facts.ts'

/** Those of ns8-metrics since 1.3 and before, and those that own rules have been seen to use. */
export const alertNames: ReadonlySet<string> = new Set([
  'BackupFailed',
  'backup_failed',
  'NsBackupFailed',
  'NsBackupMissing',
  'backup_missing',
  'BackupMissing',
])

/** An alert about a plan. */
export interface Told {
  /** Empty when it names none. */
  readonly plan: string
  /** Together with the time of its beginning it tells one occurrence from another. */
  readonly fingerprint: string
  readonly startsAt?: number
  readonly alert: Omit<BackupAlert, 'startsAt' | 'fingerprint' | 'how'>
}

export type Reading =
  | { readonly kind: 'told'; readonly told: Told }
  /** An alert about something else. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'invalid'; readonly message: string }

/** What the alerts of one post have in common. */
export interface Group {
  readonly status?: unknown
  readonly receiver?: unknown
}

export type Post =
  | { readonly alerts: readonly unknown[]; readonly group: Group; readonly truncated: boolean }
  | { readonly error: string }

export type Polled =
  | { readonly told: readonly Told[]; readonly present: ReadonlySet<string> }
  | { readonly error: string }

const advice = 'Send what Alertmanager sends: {"status": "firing", "alerts": [{"labels": {"alertname": "…"}}]}.'
const textLength = 500
const labelLength = 200
const mostTexts = 16

export function readPost(body: Uint8Array): Post {
  const read = readJson(body, 'The body')
  if ('error' in read) return { error: `${read.error} ${advice}` }
  if (!isObject(read.value)) return { error: `The body is no JSON object. ${advice}` }
  const { alerts, status, receiver, truncatedAlerts } = read.value
  if (!Array.isArray(alerts)) return { error: `alerts is no list. ${advice}` }
  const truncated = typeof truncatedAlerts === 'number' && truncatedAlerts > 0
  return { alerts, group: { status, receiver }, truncated }
}

export function readAlert(element: unknown, group: Group = {}): Reading {
  if (!isObject(element)) return invalid('an alert is a JSON object', element)
  const { labels } = element
  if (!isObject(labels)) return invalid('labels must be an object of texts', labels)
  const { alertname } = labels
  if (typeof alertname !== 'string') return invalid('labels.alertname must be a text', alertname)
  if (!alertNames.has(alertname)) return { kind: 'ignored' }
  // Which of the two it is called depends on who wrote the alerting rule.
  const plan = toNumberText(labels['id'] ?? labels['backup_id'] ?? '')
  if (plan !== '' && !isPlanId(plan)) return invalid('labels.id must be the number of a plan', labels['id'] ?? plan)
  const status = element['status'] ?? group.status ?? 'firing'
  if (status !== 'firing' && status !== 'resolved') return invalid('status must be firing or resolved', status)
  const startsAt = readStart(element['startsAt'])
  if (startsAt === 'wrong') return invalid('startsAt must be an RFC 3339 time', element['startsAt'])
  const texts = readTexts(element['annotations'])
  return {
    kind: 'told',
    told: {
      plan,
      fingerprint: readFingerprint(element['fingerprint'], labels),
      ...(startsAt === undefined ? {} : { startsAt }),
      alert: {
        alertname,
        status,
        ...label('node', toNumberText(labels['node'])),
        ...label('planName', labels['name']),
        ...words('summary', texts),
        ...words('description', texts),
        ...(Object.keys(texts).length === 0 ? {} : { language: texts }),
        ...label('receiver', group.receiver),
      },
    },
  }
}

/** The answer to GET /api/v2/alerts. */
export function readPolled(body: string): Polled {
  const read = readJson(Buffer.from(body), 'its answer')
  if ('error' in read) return { error: read.error.replace(/\.$/, '') }
  const { value } = read
  if (!Array.isArray(value)) return { error: 'its answer is no list of alerts' }
  const told: Told[] = []
  const present = new Set<string>()
  for (const element of value as unknown[]) {
    if (!isObject(element)) continue
    // Here status is an object of its own; what is over is left out.
    const reading = readAlert({ ...element, status: 'firing' })
    if (reading.kind !== 'told') continue
    present.add(occurrenceOf(reading.told))
    // One that was silenced there is not told of, but has not ended either.
    const state = isObject(element['status']) ? element['status']['state'] : undefined
    if (state === 'active') told.push(reading.told)
  }
  return { told, present }
}

/** The status is not part of it: an alert may end and, with the same beginning, be back after Alertmanager was restarted. */
export function occurrenceOf({ fingerprint, startsAt }: Pick<Told, 'fingerprint' | 'startsAt'>): string {
  return `${fingerprint}/${startsAt ?? 'undated'}`
}

type Given = { readonly [name: string]: unknown }

function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Alertmanager's labels are texts; a script may write the number of a plan or node as one. */
function toNumberText(value: unknown): string {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' ? value : value === undefined ? '' : 'wrong'
}

function readStart(value: unknown): number | undefined | 'wrong' {
  if (value === undefined || value === null) return undefined
  const at = typeof value === 'string' ? readRfc3339(value) : undefined
  if (at === undefined) return 'wrong'
  // Go's way to write no time at all is the beginning of the year 1.
  return at < 0 ? undefined : at
}

/** Alertmanager's own is made of the labels; so is this one, where it is missing. */
function readFingerprint(value: unknown, labels: Given): string {
  if (typeof value === 'string' && /^[0-9A-Za-z_-]{1,64}$/.test(value)) return value
  const sorted = Object.entries(labels).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16)
}

/** Summaries and descriptions in all languages they came in. */
function readTexts(annotations: unknown): { readonly [name: string]: string } {
  if (!isObject(annotations)) return {}
  const texts = Object.entries(annotations).flatMap(([name, text]) =>
    typeof text === 'string' && /^(?:summary|description)(?:_[A-Za-z-]{2,10})?$/.test(name)
      ? [[name, cutText(text, textLength)] as const]
      : [],
  )
  return Object.fromEntries(texts.slice(0, mostTexts))
}

/** The text without a language, else the English one, else any. */
function words(
  name: 'summary' | 'description',
  texts: { readonly [name: string]: string },
): { readonly [text in typeof name]?: string } {
  const other = Object.keys(texts).find((key) => key.startsWith(`${name}_`))
  const text = texts[name] ?? texts[`${name}_en`] ?? (other === undefined ? undefined : texts[other])
  return text === undefined ? {} : { [name]: text }
}

function label<Name extends string>(name: Name, value: unknown): { readonly [label in Name]?: string } {
  const text = typeof value === 'string' ? cutText(cleanLine(value.slice(0, 4 * labelLength)), labelLength) : ''
  return text === '' ? {} : ({ [name]: text } as { readonly [label in Name]?: string })
}

function invalid(message: string, value: unknown): Reading {
  const what = value === undefined ? 'it is missing' : `not ${showJson(value)}`
  return { kind: 'invalid', message: `${message}, ${what}` }
}
