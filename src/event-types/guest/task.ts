// What is told of the tasks of guests: only what was done is told as done.
import type { EventType, MessageWords } from '../../event-type.ts'
import type { HubEvent, JsonObject, NewEvent, Severity } from '../../words.ts'
import { guestEnd, guestName, onHost } from '../../source-guest-words.ts'
import { field, lasted, textOf } from './words.ts'

export const guestFields = {
  id: 'Number of the guest.',
  guest: '`vm` or `ct`.',
  name: 'What people call it.',
}

export const guestLabels = ['id', 'guest', 'name']

const taskFields = {
  ...guestFields,
  action:
    'start, stop, shutdown, reboot, reset, suspend, resume, snapshot, migrate, restore, clone, create or destroy.',
  outcome: 'ok, warnings or failed.',
  reason: 'Lines of its log that say why.',
  user: 'Who began it.',
  target: 'Of a migration: the node it went to.',
  startedAt: 'When it began.',
  endedAt: 'When it ended.',
  durationSeconds: 'How long it took.',
}

interface Told {
  readonly name: string
  readonly about: string
  readonly action: string
  readonly outcome?: 'ok' | 'warnings' | 'failed'
  readonly severity?: Severity
  title(event: HubEvent, who: string): string
}

const tasks: readonly Told[] = [
  {
    name: 'guest.started',
    about: 'A guest was started.',
    action: 'start',
    title: (_, who) => `${who} started`,
  },
  {
    name: 'guest.start-warning',
    about: 'A guest was started, with warnings.',
    action: 'start',
    outcome: 'warnings',
    title: (_, who) => `${who} started, with warnings`,
  },
  {
    name: 'guest.stopped',
    about: 'A guest was stopped.',
    action: 'stop',
    title: (event, who) => `${who} was stopped${withWarnings(event)}`,
  },
  {
    name: 'guest.shutdown',
    about: 'A guest was shut down.',
    action: 'shutdown',
    title: (event, who) => `${who} was shut down${withWarnings(event)}`,
  },
  {
    name: 'guest.stop-failed',
    about: 'A guest could not be stopped or shut down; as far as is known it still runs.',
    action: 'shutdown',
    outcome: 'failed',
    title: ({ data }, who) => `${who} could not be ${data['action'] === 'stop' ? 'stopped' : 'shut down'}`,
  },
  {
    name: 'guest.restarted',
    about: 'A guest was rebooted or reset.',
    action: 'reboot',
    title: (event, who) =>
      `${who} was ${event.data['action'] === 'reset' ? 'reset' : 'rebooted'}${withWarnings(event)}`,
  },
  {
    name: 'guest.restart-failed',
    about: 'A guest could not be rebooted or reset.',
    action: 'reboot',
    outcome: 'failed',
    title: ({ data }, who) => `${who} could not be ${data['action'] === 'reset' ? 'reset' : 'rebooted'}`,
  },
  {
    name: 'guest.snapshot',
    about: 'A snapshot of a guest was taken.',
    action: 'snapshot',
    title: (event, who) => `Snapshot of ${who} taken${withWarnings(event)}`,
  },
  {
    name: 'guest.snapshot-failed',
    about: 'A snapshot of a guest could not be taken.',
    action: 'snapshot',
    outcome: 'failed',
    title: (_, who) => `Snapshot of ${who} failed`,
  },
  {
    name: 'guest.migrated',
    about: 'A guest was migrated to another node.',
    action: 'migrate',
    title: (event, who) => `${who} migrated${toTarget(event.data)}${withWarnings(event)}`,
  },
  {
    name: 'guest.migration-failed',
    about: 'A guest could not be migrated.',
    action: 'migrate',
    outcome: 'failed',
    title: ({ data }, who) => `Migration of ${who}${toTarget(data)} failed`,
  },
  {
    name: 'guest.task',
    about: 'Something else was done with a guest: suspended, resumed, restored, cloned, created or destroyed.',
    action: 'restore',
    title: (event, who) => `${who} was ${doneWords(event.data)}${withWarnings(event)}`,
  },
  {
    name: 'guest.task-failed',
    about: 'Something else with a guest failed, or there was nothing to do.',
    action: 'clone',
    outcome: 'failed',
    title: ({ data }, who) => `${who} could not be ${doneWords(data)}`,
  },
]

const done: { readonly [action: string]: string } = {
  start: 'started',
  suspend: 'suspended',
  resume: 'resumed',
  restore: 'restored',
  clone: 'cloned',
  create: 'created',
  destroy: 'destroyed',
}

function doneWords({ action }: JsonObject): string {
  return done[textOf(action) ?? ''] ?? 'worked on'
}

function withWarnings({ data }: HubEvent): string {
  return data['outcome'] === 'warnings' ? ', with warnings' : ''
}

function toTarget({ target }: JsonObject): string {
  const node = textOf(target)
  return node === undefined ? '' : ` to ${node}`
}

function toType({ name, about, action, outcome = 'ok', title }: Told): EventType {
  const severity = outcome === 'failed' ? 'error' : outcome === 'warnings' ? 'warning' : 'info'
  return {
    name,
    about,
    fields: taskFields,
    labels: [...guestLabels, 'action'],
    severity,
    message: (event) => ({ title: onHost(event.host, title(event, guestName(event.data))), ...detailsOf(event.data) }),
    sample: sampleOf(name, { action, outcome }),
  }
}

function detailsOf(data: JsonObject): Pick<MessageWords, 'fields'> {
  return {
    fields: [
      ...field('Reason', textOf(data['reason'])),
      ...field('Took', data['outcome'] === 'failed' ? undefined : lasted(data['durationSeconds'])),
      ...field('By', textOf(data['user']), true),
    ],
  }
}

function sampleOf(type: string, { action, outcome }: { readonly action: string; readonly outcome: string }): NewEvent {
  return {
    type,
    time: Date.UTC(2026, 10, 20, 3, 10, 5),
    host: 'pve1',
    subject: 'web',
    data: {
      id: 100,
      guest: 'vm',
      name: 'web',
      action,
      outcome,
      ...(outcome === 'ok' ? {} : { reason: 'volume nas:100/vm-100-disk-0.qcow2 does not exist' }),
      user: 'root@pam',
      startedAt: '2026-11-20T03:10:00.000Z',
      endedAt: '2026-11-20T03:10:05.000Z',
      durationSeconds: 5,
    },
  }
}

/** Of a guest that did not start; it ends when the guest runs. */
const startFailed: EventType = {
  name: 'guest.start-failed',
  about: 'A guest could not be started; ends when it runs.',
  fields: {
    ...taskFields,
    runsNow: 'Present when it was heard of late, and the guest runs by now.',
    end: 'Of the end: runs (its start is not told once more then), gone (the guest is no longer on the node) or forgotten (the host is).',
    sinceAt: 'Of the end: since when it was so.',
  },
  labels: guestLabels,
  severity: 'error',
  message(event) {
    const { data } = event
    if (event.condition?.state !== 'resolved') {
      const later = data['runsNow'] === true ? { lines: ['It runs by now.'] } : {}
      return { title: onHost(event.host, `${guestName(data)} did not start`), ...detailsOf(data), ...later }
    }
    const span = lasted(data['durationSeconds'])
    return {
      title: onHost(event.host, guestEnd(event.type, data)),
      icon: 'white_check_mark',
      fields: [...field('After', span), ...field('By', textOf(data['user']), true)],
    }
  },
  sample: {
    ...sampleOf('guest.start-failed', { action: 'start', outcome: 'failed' }),
    condition: { key: 'guest/100/start', state: 'firing' },
  },
}

export default [...tasks.map(toType), startFailed] satisfies readonly EventType[]
