// One CloudEvent, checked attribute by attribute. By hand: this runs for each of thousands of events a second.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
import { showJson } from '../../lib/read-json.ts'
import { readRfc3339 } from '../../lib/rfc3339.ts'
import { type Condition, type Json, type JsonObject, type NewEvent, severityOf, type Severity } from '../../words.ts'

type Given = { readonly [name: string]: unknown }

/** Attributes that are no extension, and extensions that have a place of their own. */
const known = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'time',
  'subject',
  'datacontenttype',
  'dataschema',
  'data',
  'data_base64',
  'severity',
  'host',
  'condition',
  'state',
])
const mostLabels = 64
const labelLength = 256
/** Characters of an id, a source, a subject or the key of a condition. */
const longest = 1024

/** The event, or what is wrong with the element as a sentence without a full stop. */
export function readCloudEvent(element: unknown): NewEvent | string {
  if (typeof element !== 'object' || element === null || Array.isArray(element)) {
    return `an event is a JSON object, not ${showJson(element)}`
  }
  const given = element as Given
  const { specversion, id, source, type, subject, host } = given
  if (specversion !== '1.0') return wrong('specversion', 'must be "1.0"', specversion)
  if (!isText(id, longest)) return notText('id', longest, id)
  if (!isText(source, longest)) return notText('source', longest, source)
  if (!isText(type, labelLength)) return notText('type', labelLength, type)
  // The specification forbids them in every text; in a name that rules, metrics and pages show they do harm.
  if (/\p{Cc}/u.test(type)) return wrong('type', 'must be without control characters', type)
  if (type.startsWith('sereno.')) return `type ${showJson(type)} is for Sereno's own events; choose another`
  if (subject != null && !isText(subject, longest)) return notText('subject', longest, subject)
  if (host != null && !isText(host, labelLength)) return notText('host', labelLength, host)
  const time = readTime(given['time'])
  if (typeof time === 'string') return time
  const severity = readSeverity(given['severity'])
  if (severity === 'wrong') return wrong('severity', `must be one of ${severityWords}`, given['severity'])
  const condition = readCondition(given)
  if (typeof condition === 'string') return condition
  const labels = readLabels(given, source)
  if (typeof labels === 'string') return labels
  const data = readData(given)
  if (typeof data === 'string') return data
  return {
    type,
    ...(time === undefined ? {} : { time }),
    ...(host == null ? {} : { host }),
    ...(subject == null ? {} : { subject }),
    ...(severity === undefined ? {} : { severity }),
    labels,
    ...data,
    ...(condition === undefined ? {} : { condition }),
    identity: { producer: source, id },
  }
}

function readTime(time: unknown): number | undefined | string {
  if (time == null) return undefined
  const at = typeof time === 'string' ? readRfc3339(time) : undefined
  return at ?? wrong('time', 'must be an RFC 3339 time such as 2026-11-20T03:00:00Z', time)
}

const severityWords = [...severityOf.keys()].join(', ')

function readSeverity(severity: unknown): Severity | undefined | 'wrong' {
  return severity == null ? undefined : (severityOf.get(severity) ?? 'wrong')
}

/** What begins and ends must say which of the two it does: a guess would open what nobody closes. */
function readCondition({ condition, state }: Given): Condition | undefined | string {
  if (condition == null) {
    return state == null ? undefined : 'state stands without condition; name the condition that it is the state of'
  }
  if (!isText(condition, longest)) return notText('condition', longest, condition)
  if (state !== 'firing' && state !== 'changed' && state !== 'resolved') {
    return wrong('state', 'must be firing, changed or resolved', state)
  }
  return { key: condition, state }
}

/** An object's `title` and `text` are what a person reads; anything but an object is kept as `value`. */
function readData(given: Given): Pick<NewEvent, 'data' | 'title' | 'text'> | string {
  const { data, data_base64: base64, datacontenttype: contentType } = given
  if (base64 != null) {
    if (data != null) return 'data and data_base64 exclude each other; send one of them'
    if (typeof base64 !== 'string') return wrong('data_base64', 'must be a text', base64)
    return { data: { base64, ...(typeof contentType === 'string' ? { contentType } : {}) } }
  }
  if (data == null) return {}
  if (typeof data !== 'object' || Array.isArray(data)) return { data: { value: data as Json } }
  const { title, text } = data as JsonObject
  return {
    data: data as JsonObject,
    ...(typeof title === 'string' && title !== '' ? { title } : {}),
    ...(typeof text === 'string' && text !== '' ? { text } : {}),
  }
}

/** Extension attributes are labels; the specification lets them be texts, whole numbers and truth values. */
function readLabels(given: Given, source: string): { readonly [name: string]: string } | string {
  const labels: Record<string, string> = {}
  let count = 0
  for (const name in given) {
    if (known.has(name) || given[name] === null) continue
    const value = given[name]
    if (!/^[A-Za-z0-9_]{1,64}$/.test(name) || name === '__proto__') {
      return `${showJson(name)} is no name of an attribute; they are of a-z and 0-9, at most 64 characters`
    }
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      return wrong(name, 'must be a text, a number or a truth value (what is larger belongs into data)', value)
    }
    count += 1
    if (count > mostLabels)
      return `there are more than ${mostLabels} extension attributes; what is larger belongs into data`
    labels[name] = String(value).slice(0, labelLength)
  }
  // Last, so that no extension of that name can pose as another sender.
  labels['producer'] = source.slice(0, labelLength)
  return labels
}

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= most
}

function notText(name: string, most: number, value: unknown): string {
  return wrong(name, `must be a text of 1 to ${most} characters`, value)
}

function wrong(name: string, what: string, value: unknown): string {
  return value === undefined ? `${name} is missing: it ${what}` : `${name} ${what}, not ${showJson(value)}`
}
