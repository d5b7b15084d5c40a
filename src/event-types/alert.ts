// What Alertmanager tells: an alert that fires or is over, in the words of its annotations.
import type { EventType } from '../event-type.ts'
import type { HubEvent, Json, MessageField } from '../words.ts'

export default [
  {
    name: 'alert',
    about: 'An alert of Prometheus, Grafana or another program fires or is over, as an Alertmanager says.',
    fields: {
      status: 'firing or resolved.',
      alertname: 'Name of the rule that fires.',
      annotations: 'What the rule says of it, at most 64 texts.',
      startsAt: 'Since when it fires.',
      endsAt: 'When it was over.',
      ended: 'gone: no longer in the list of alerts, without a word of its end.',
      fingerprint: 'What tells its labels from those of others, 16 hexadecimal digits.',
      generatorUrl: 'Where the rule and its graph are.',
      externalUrl: 'Where the Alertmanager is.',
      receiver: 'Name of the receiver in its configuration that posted it.',
      groupKey: 'The group in which it was posted.',
      runbookUrl: 'What to do, from the annotation runbook_url.',
      dashboardUrl: 'What it looks like, from the annotation dashboard_url.',
      omitted: 'Labels and annotations beyond the 64 of each that are kept.',
    },
    labels: ['alertname'],
    severity: 'warning',
    message(event: HubEvent) {
      const isOver = event.data['status'] === 'resolved'
      const named = nameOf(event)
      return {
        title: event.title ?? (isOver ? `Resolved: ${named}` : named),
        ...(isOver ? { icon: 'white_check_mark' } : {}),
        fields: fieldsOf(event),
        lines: isOver ? endLines(event) : event.text === undefined ? [] : [event.text],
      }
    },
    sample: {
      type: 'alert',
      host: '10.5.4.1',
      subject: 'BackupFailed',
      severity: 'critical',
      labels: {
        alertname: 'BackupFailed',
        id: '1',
        instance: '10.5.4.1:9100',
        job: 'providers',
        name: 'BB daily',
        node: '1',
        severity: 'critical',
      },
      data: {
        status: 'firing',
        alertname: 'BackupFailed',
        annotations: {
          description: 'Backup job BB daily (ID: 1) has failed and requires attention.',
          summary: 'Backup job BB daily (ID: 1) has failed.',
        },
        startsAt: '2026-06-01T02:01:05.780Z',
        fingerprint: '4bf67da667dfe57a',
        receiver: 'default-receiver',
      },
      title: 'Backup job BB daily (ID: 1) has failed.',
      text: 'Backup job BB daily (ID: 1) has failed and requires attention.',
      condition: { key: '4bf67da667dfe57a', state: 'firing' },
      identity: { producer: '4bf67da667dfe57a', id: '2026-06-01T02:01:05.780Z/firing' },
    },
  },
] satisfies EventType[]

/** Labels that say which program looked, or are told in another way; all others tell an alert from its like. */
const common = new Set([
  'alertname',
  'alertstate',
  'severity',
  'job',
  'instance',
  'host',
  'hostname',
  'nodename',
  'endpoint',
  'prometheus',
  'prometheus_replica',
  'replica',
  'monitor',
  'target_type',
])
const mostInTitle = 3
const mostFields = 8
const valueLength = 200

/** For an alert without a summary. */
function nameOf(event: HubEvent): string {
  const name = event.subject ?? 'An alert without a name'
  const told = distinguishing(event).slice(0, mostInTitle)
  return told.length === 0 ? name : `${name}: ${told.map(([label, value]) => `${label}=${value}`).join(', ')}`
}

function fieldsOf(event: HubEvent): MessageField[] {
  const fields: MessageField[] = []
  const { host, subject, title, data } = event
  if (host !== undefined) fields.push({ name: 'Host', value: host, code: true })
  if (subject !== undefined && title !== undefined) fields.push({ name: 'Alert', value: subject, code: true })
  const told = distinguishing(event)
  for (const [name, value] of told.slice(0, mostFields)) fields.push({ name, value, code: true })
  if (told.length > mostFields) fields.push({ name: 'More labels', value: String(told.length - mostFields) })
  for (const [name, field] of [
    ['Runbook', 'runbookUrl'],
    ['Dashboard', 'dashboardUrl'],
  ] as const) {
    const url = textOf(data[field])
    if (url !== undefined) fields.push({ name, value: url })
  }
  return fields
}

function distinguishing({ labels }: HubEvent): [name: string, value: string][] {
  return Object.entries(labels)
    .filter(([name, value]) => !common.has(name) && !name.startsWith('__') && value !== '')
    .map(([name, value]) => [name, value.slice(0, valueLength)])
}

/** What the alert said while it fired is no longer true. */
function endLines({ data }: HubEvent): string[] {
  return data['ended'] === 'gone' ? ['It is no longer in the list of alerts, though no word of its end came.'] : []
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
