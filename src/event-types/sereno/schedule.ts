// What schedules tell beside reports of hosts: what came in numbers, and a sample that did not come.
import type { EventType, MessageWords } from '../../event-type.ts'
import { spanWords } from '../../lib/duration.ts'
import { localTime, localTimeBeside } from '../../lib/local-time.ts'
import { cleanLine, cutText } from '../../lib/text.ts'
import { severities, type HubEvent, type Json, type JsonObject, type MessageField } from '../../words.ts'

export default [
  {
    name: 'sereno.digest',
    about:
      'What came since the last digest, in numbers, and what is open: all events that there were, whether or not anybody was told of them.',
    fields: {
      schedule: 'The name of the schedule.',
      action: 'What it does: digest.',
      since: 'When the last one was, else since when it is counted.',
      dueAt: 'When it was to run, if that was some time ago.',
      events: 'How many events came.',
      severities: 'How many of each severity.',
      types: 'How many of the twenty types of which most came: pairs of type and number.',
      otherEvents: 'How many of all other types.',
      begun: 'How many conditions began.',
      ended: 'How many ended.',
      open: 'Conditions that began since it is counted and have not ended, the oldest twenty: type, host, subject, since.',
      openCount: 'How many those are in all.',
      timezone: 'In which times are shown.',
    },
    labels: ['schedule'],
    severity: 'info',
    message: digest,
    sample: {
      type: 'sereno.digest',
      time: Date.UTC(2026, 10, 21, 7),
      subject: 'morning',
      data: {
        schedule: 'morning',
        action: 'digest',
        since: '2026-11-20T07:00:00.000Z',
        dueAt: '2026-11-21T05:00:00.000Z',
        events: 198,
        severities: { info: 190, warning: 6, error: 2 },
        types: [
          ['kms.activation', 180],
          ['message', 18],
        ],
        otherEvents: 0,
        begun: 3,
        ended: 2,
        open: [{ type: 'host.silent', host: 'nas', since: '2026-11-21T02:10:00.000Z' }],
        openCount: 1,
        timezone: 'Europe/Madrid',
      },
    },
  },
  {
    name: 'sereno.schedule-failed',
    about: 'A schedule had a sample taken, and it did not come in time.',
    fields: {
      schedule: 'The name of the schedule.',
      action: 'What it does: sample.',
      source: 'The source that was asked.',
      reason: 'timeout: it did not come in time. unanswered: the source does not run, looks nothing up, or failed.',
      timeoutSeconds: 'How long it was waited for.',
      timezone: 'In which times are shown.',
    },
    labels: ['schedule', 'reason'],
    severity: 'warning',
    message: ({ host, data }: HubEvent): MessageWords => ({
      title: `Schedule ${word(data['schedule'])} got no sample of ${word(host)}`,
      icon: 'hourglass',
      lines: [
        data['reason'] === 'timeout'
          ? `Source ${word(data['source'])} did not answer ${withinWords(data['timeoutSeconds'])}.`
          : `Source ${word(data['source'])} does not run, or takes no samples when asked. See that it is configured, and that it is of kind host.`,
      ],
    }),
    sample: {
      type: 'sereno.schedule-failed',
      subject: 'hourly',
      host: 'nas',
      data: {
        schedule: 'hourly',
        action: 'sample',
        source: 'this',
        reason: 'timeout',
        timeoutSeconds: 30,
        timezone: 'Europe/Madrid',
      },
    },
  },
] satisfies EventType[]

function withinWords(seconds: Json | undefined): string {
  return typeof seconds === 'number' ? `within ${spanWords(seconds * 1000)}` : 'in time'
}

function digest({ data, time }: HubEvent): MessageWords {
  const since = atOf(data['since'])
  const from = Number.isNaN(since) ? '' : `Since ${timeIn(since, time, data['timezone'])}: `
  const [events, openCount] = [numberOf(data['events']), numberOf(data['openCount'])]
  const open = openWords(data, time, openCount)
  return {
    title: `${from}${counted(events, 'event')}, ${openCount === 0 ? 'nothing open' : `${counted(openCount, 'condition')} open`}`,
    icon: 'clipboard',
    fields: [
      ...field('By severity', severityWords(data['severities'])),
      ...field('By type', typeWords(data)),
      { name: 'Conditions', value: `${numberOf(data['begun'])} began, ${numberOf(data['ended'])} ended` },
    ],
    lines: [
      ...open,
      ...lateWords(data, time),
      'Counted is all that came, whether or not anybody was told of it. What was told and what was not: sereno events.',
    ],
  }
}

function openWords(data: JsonObject, time: number, count: number): string[] {
  const list = (Array.isArray(data['open']) ? (data['open'] as readonly Json[]) : []).filter(isObject)
  if (list.length === 0) return []
  const lines = list.map(({ type, host, subject, since }) => {
    const about = [host, subject].filter((one) => typeof one === 'string').map(word)
    const at = atOf(since)
    const from = Number.isNaN(at) ? '' : `, since ${timeIn(at, time, data['timezone'])}`
    return `- ${[word(type), ...about].join(' ')}${from}`
  })
  const more = count > list.length ? [`- and ${count - list.length} more`] : []
  return [['Open:', ...lines, ...more].join('\n')]
}

function severityWords(value: Json | undefined): string | undefined {
  if (!isObject(value)) return undefined
  const words = severities
    .toReversed()
    .filter((one) => numberOf(value[one]) > 0)
    .map((one) => `${numberOf(value[one])} ${one}`)
  return words.length === 0 ? undefined : words.join(', ')
}

function typeWords(data: JsonObject): string | undefined {
  const pairs = Array.isArray(data['types']) ? (data['types'] as readonly Json[]) : []
  const words = pairs.flatMap((pair) => (Array.isArray(pair) ? [`${word(pair[0])} ${numberOf(pair[1])}`] : []))
  const others = numberOf(data['otherEvents'])
  const all = others === 0 ? words : [...words, `others ${others}`]
  return all.length === 0 ? undefined : all.join(', ')
}

function lateWords(data: JsonObject, time: number): string[] {
  const dueAt = atOf(data['dueAt'])
  if (Number.isNaN(dueAt)) return []
  return [`It was to come at ${timeIn(dueAt, time, data['timezone'])}, when I was not running.`]
}

function timeIn(at: number, beside: number, zone: Json | undefined): string {
  try {
    return localTimeBeside(at, beside, typeof zone === 'string' && zone !== '' ? zone : 'UTC').slice(0, -3)
  } catch {
    // Whoever makes up an event may make up a zone.
    return `${localTime(at, 'UTC').slice(0, 16)} UTC`
  }
}

function counted(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`
}

function field(name: string, value: string | undefined): MessageField[] {
  return value === undefined ? [] : [{ name, value }]
}

function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}

function word(value: Json | undefined): string {
  return cutText(cleanLine(typeof value === 'string' ? value : ''), 100) || '?'
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function atOf(value: Json | undefined): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN
}
