// One alert as Alertmanager writes it, in a webhook or in its list: checked field by field, bounded, unknown fields ignored.
import { showJson } from '../../lib/read-json.ts'
import { readRfc3339 } from '../../lib/rfc3339.ts'
import { fingerprintOf } from './fingerprint.ts'

export interface Alert extends Group {
  /** Constant over all occurrences of the same labels. */
  readonly fingerprint: string
  readonly status: 'firing' | 'resolved'
  readonly startsAt?: number
  readonly endsAt?: number
  readonly labels: Texts
  readonly annotations: Texts
  /** Labels and annotations that were too many. */
  readonly omitted?: number
  readonly generatorUrl?: string
  readonly dashboardUrl?: string
}

/** What a webhook says of all its alerts. */
export interface Group {
  readonly receiver?: string
  readonly groupKey?: string
  readonly externalUrl?: string
}

/** Sorted by name. */
export type Texts = { readonly [name: string]: string }

const mostTexts = 64
const nameLength = 256
const labelLength = 256
const annotationLength = 4096
export const urlLength = 2048
/** No blanks: the key of what the source has to say of itself has one. */
const goodFingerprint = /^[\w.:=+/-]{1,128}$/

/** The alert, or what is wrong with the element as a sentence without a full stop. */
export function readAlert(element: unknown, group: Group = {}): Alert | string {
  if (!isObject(element)) return `an alert is a JSON object, not ${showJson(element)}`
  const { status, fingerprint } = element
  if (status !== 'firing' && status !== 'resolved') return wrong('status', 'must be firing or resolved', status)
  const labels = readTexts('labels', element['labels'], labelLength)
  if (typeof labels === 'string') return labels
  const annotations = readTexts('annotations', element['annotations'] ?? {}, annotationLength)
  if (typeof annotations === 'string') return annotations
  const startsAt = readTime('startsAt', element['startsAt'])
  if (typeof startsAt === 'string') return startsAt
  const endsAt = readTime('endsAt', element['endsAt'])
  if (typeof endsAt === 'string') return endsAt
  const isOurs = fingerprint == null || fingerprint === ''
  if (!isOurs && (typeof fingerprint !== 'string' || !goodFingerprint.test(fingerprint))) {
    return wrong('fingerprint', 'must be a text such as 4bf67da667dfe57a, without blanks', fingerprint)
  }
  const omitted = labels.omitted + annotations.omitted
  return {
    fingerprint: isOurs ? fingerprintOf(element['labels'] as Texts) : fingerprint,
    status,
    ...(startsAt === undefined ? {} : { startsAt }),
    ...(endsAt === undefined ? {} : { endsAt }),
    labels: labels.texts,
    annotations: annotations.texts,
    ...(omitted === 0 ? {} : { omitted }),
    ...optional('generatorUrl', textOf(element['generatorURL'], urlLength)),
    ...optional('dashboardUrl', textOf(element['dashboardURL'], urlLength)),
    ...group,
  }
}

/**
 * One of the list at /api/v2/alerts. Those are firing, and their `endsAt` only says when Alertmanager would give them up
 * if it heard no more of them: a failed poll must end nothing, so it is left out.
 */
export function readListed(element: unknown): Alert | string {
  if (!isObject(element)) return `an alert is a JSON object, not ${showJson(element)}`
  const { endsAt: _, receivers, ...rest } = element
  const [first, second]: readonly unknown[] = Array.isArray(receivers) ? receivers : []
  const receiver = isObject(first) && second === undefined ? textOf(first['name'], nameLength) : undefined
  return readAlert({ ...rest, status: 'firing' }, optional('receiver', receiver))
}

/** Whether Alertmanager itself keeps quiet about one of its list: silenced, inhibited, muted, not looked at yet. */
export function isKeptQuiet(element: unknown): boolean {
  const status = isObject(element) ? element['status'] : undefined
  if (!isObject(status)) return false
  const { state = 'active', mutedBy } = status
  return state !== 'active' || (Array.isArray(mutedBy) && mutedBy.length > 0)
}

/** Between two sightings of one occurrence: has it something new to say? `loosely`: numbers that drift are nothing new. */
export function saysTheSame(one: Alert, other: Alert, loosely: boolean): boolean {
  const [a, b] = [one, other].map(({ labels, annotations }) => {
    const said = JSON.stringify(annotations)
    return JSON.stringify(labels) + (loosely ? said.replace(/\d+(?:[.,]\d+)*/g, '0') : said)
  })
  return a === b
}

export function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A text that is not needed: of another type, it is as if it were absent. */
export function textOf(value: unknown, most: number): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, most) : undefined
}

export function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [name in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [name in Name]?: Value }
}

function readTexts(
  name: string,
  given: unknown,
  longest: number,
): { readonly texts: Texts; readonly omitted: number } | string {
  if (!isObject(given)) return wrong(name, 'must be an object of texts such as {"alertname": "DiskFull"}', given)
  const entries = Object.entries(given)
  const bad = entries.find(([, value]) => typeof value !== 'string')
  if (bad !== undefined) return `${name}: ${showJson(bad[0])} must be a text, not ${showJson(bad[1])}`
  const kept = (entries as [string, string][])
    .filter(([key]) => key !== '__proto__' && key.length <= nameLength)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, mostTexts)
    .map(([key, value]) => [key, value.slice(0, longest).toWellFormed()])
  return { texts: Object.fromEntries(kept) as Texts, omitted: entries.length - kept.length }
}

function readTime(name: string, time: unknown): number | undefined | string {
  if (time == null) return undefined
  const at = typeof time === 'string' ? readRfc3339(time) : undefined
  if (at === undefined) return wrong(name, 'must be an RFC 3339 time such as 2026-06-01T02:01:05.78Z', time)
  // 0001-01-01T00:00:00Z is how a program in Go says "none".
  return at < Date.UTC(100, 0) ? undefined : at
}

function wrong(name: string, what: string, value: unknown): string {
  return value === undefined ? `${name} is missing: it ${what}` : `${name} ${what}, not ${showJson(value)}`
}
