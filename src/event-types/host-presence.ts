// What is told of hosts that come and go: one is silent, none is heard, one has booted or stops, two use one name.
import type { EventType, MessageWords } from '../event-type.ts'
import { spanWords } from '../lib/duration.ts'
import { localTime } from '../lib/local-time.ts'
import { cleanLine, cutText } from '../lib/text.ts'
import type { HubEvent, Json, MessageField } from '../words.ts'

export default [
  {
    name: 'host.silent',
    about:
      'A host has not been heard for longer than it may be, or none of all hosts has; ends when it is heard again.',
    fields: {
      lastHeardAt: 'When it was last heard, or any of them was.',
      everySeconds: 'How often it is to be heard.',
      stoppedAt: 'When it said that it stops, if it did and has not come back.',
      hosts: 'Where none is heard: the names of the first twelve.',
      hostCount: 'Where none is heard: how many are expected.',
      firstHost: 'Of the end, where none was heard: the first one that is heard again.',
      silentSeconds: 'Of the end: for how long nothing was heard.',
      timezone: 'In which times are shown.',
    },
    labels: [],
    severity: 'error',
    message: silent,
    sample: {
      type: 'host.silent',
      time: Date.UTC(2026, 10, 21, 2, 13),
      host: 'nas',
      severity: 'error',
      data: { lastHeardAt: '2026-11-21T02:10:00.000Z', everySeconds: 60, timezone: 'Europe/Rome' },
      condition: { key: 'nas', state: 'firing', since: Date.UTC(2026, 10, 21, 2, 10) },
    },
  },
  {
    name: 'host.booted',
    about: 'A host has booted: its samples are of another boot than before.',
    fields: {
      bootId: "The kernel's id of this boot.",
      previousBootId: 'That of the boot before.',
      uptimeSeconds: 'How long it had been up when it was first heard again.',
      wasUnreachableSeconds: 'From its last sample before to the first one after.',
      clean:
        'Whether it had said that it stops; absent: not known, since the hub was not running for part of the time.',
    },
    labels: ['clean'],
    severity: 'info',
    message: booted,
    sample: {
      type: 'host.booted',
      time: Date.UTC(2026, 10, 21, 2, 13),
      host: 'nas',
      severity: 'warning',
      data: {
        bootId: '0b6f3a52-9a1c-4a0e-8b9e-5f0d5f1c7b11',
        previousBootId: '6d3c1a90-2f55-4c8e-9f43-0c2b8d9e1a77',
        uptimeSeconds: 48,
        wasUnreachableSeconds: 132,
        clean: false,
      },
    },
  },
  {
    name: 'host.shutdown',
    about: 'A host says that it is about to stop or to reboot, such as from a unit that runs at shutdown.',
    fields: {},
    labels: [],
    severity: 'info',
    message: ({ host = 'A host', text }: HubEvent): MessageWords => ({
      title: `${name(host)} is about to stop`,
      icon: 'zzz',
      lines: text === undefined ? [] : [text],
    }),
    sample: { type: 'host.shutdown', time: Date.UTC(2026, 10, 21, 2, 10, 30), host: 'nas' },
  },
  {
    name: 'host.conflict',
    about: 'Two machines send samples by the same name; said once, and again when it goes on after a day without.',
    fields: {
      bootIds: 'The boots that speak in turns.',
      machineIds: 'The ids of the two machines, where they are known.',
    },
    labels: [],
    severity: 'warning',
    message: conflict,
    sample: {
      type: 'host.conflict',
      time: Date.UTC(2026, 10, 21, 2, 13),
      host: 'nas',
      data: {
        bootIds: ['0b6f3a52-9a1c-4a0e-8b9e-5f0d5f1c7b11', '6d3c1a90-2f55-4c8e-9f43-0c2b8d9e1a77'],
        machineIds: ['8f1d3c5b7a904e2d', '2c4e6a8091b3d5f7'],
      },
    },
  },
] satisfies EventType[]

function silent({ host, data, condition }: HubEvent): MessageWords {
  if (condition?.key === '*') return blind(data, condition.state)
  const title = `${name(host ?? 'A host')} is silent`
  if (condition?.state === 'resolved') return { title, icon: 'white_check_mark' }
  const { everySeconds } = data
  const stoppedAt = timeOf(data, 'stoppedAt')
  return {
    title,
    icon: 'mute',
    fields: [
      ...field('Last heard', timeOf(data, 'lastHeardAt')),
      ...field('Expected', typeof everySeconds === 'number' ? everyWords(everySeconds) : undefined),
      ...field('Said that it stops', stoppedAt),
    ],
    lines: [
      stoppedAt === undefined
        ? 'See whether it is up, whether its agent runs, and whether it can reach this hub.'
        : 'It has not come back since: see whether it was only to be switched off, or hangs on its way up.',
    ],
  }
}

/** `every minute`, `every 5 min`. */
function everyWords(seconds: number): string {
  const span = spanWords(seconds * 1000)
  const one: { readonly [span: string]: string } = { '1 s': 'second', '1 min': 'minute', '1 h': 'hour', '1 d': 'day' }
  return `every ${one[span] ?? span}`
}

function blind(data: HubEvent['data'], state: 'firing' | 'changed' | 'resolved'): MessageWords {
  if (state === 'resolved') return { title: 'I hear hosts again', icon: 'white_check_mark' }
  const since = timeOf(data, 'lastHeardAt')
  const names = Array.isArray(data['hosts']) ? (data['hosts'] as readonly Json[]).filter(isText) : []
  const count = typeof data['hostCount'] === 'number' ? data['hostCount'] : names.length
  const more = count > names.length ? ` and ${count - names.length} more` : ''
  return {
    title: `I am blind: no other host has been heard${since === undefined ? '' : ` since ${since.slice(11)}`}`,
    icon: 'mute',
    fields: [
      ...field('Last heard', since),
      ...field(
        count === 1 ? 'Host' : `${count} hosts`,
        names.length === 0 ? undefined : names.map(name).join(', ') + more,
      ),
    ],
    lines: [
      'All of them at once: most likely it is the network of this hub, its address, its certificate or a token, and not the hosts. Those that stay silent when others come back are told then.',
    ],
  }
}

function booted({ host, data }: HubEvent): MessageWords {
  const { clean, uptimeSeconds, wasUnreachableSeconds } = data
  const behind = clean === false ? ' without having said that it stops' : ''
  const how = clean === true ? 'yes' : clean === false ? 'no' : 'not known, since I was not running'
  return {
    title: `${name(host ?? 'A host')} has booted${behind}`,
    icon: clean === false ? 'warning' : 'arrows_counterclockwise',
    fields: [
      ...span('Up for', uptimeSeconds),
      ...span('Not heard for', wasUnreachableSeconds),
      { name: 'Shut down in order', value: how },
    ],
    lines:
      clean === false
        ? ['It may have crashed or lost its power. Its log of the boot before says more: journalctl -b -1 -e']
        : [],
  }
}

function conflict({ host = 'A host', data }: HubEvent): MessageWords {
  const machines = Array.isArray(data['machineIds']) ? (data['machineIds'] as readonly Json[]).filter(isText) : []
  return {
    title: `Two machines call themselves ${name(host)}`,
    icon: 'warning',
    fields: machines.map((machine, index) => ({ name: `Machine ${index + 1}`, value: machine, code: true })),
    lines: [
      'Their samples are mixed up, and one of them could fall silent unnoticed. Give one of them another host name, or its agent another name for it; a machine that was cloned also needs an id of its own (remove /etc/machine-id and run systemd-machine-id-setup).',
    ],
  }
}

function timeOf(data: HubEvent['data'], key: string): string | undefined {
  const at = Date.parse(typeof data[key] === 'string' ? data[key] : '')
  if (Number.isNaN(at)) return undefined
  const zone = data['timezone']
  try {
    return localTime(at, typeof zone === 'string' && zone !== '' ? zone : 'UTC').slice(0, 16)
  } catch {
    // Whoever makes up an event may make up a zone.
    return `${localTime(at, 'UTC').slice(0, 16)} UTC`
  }
}

function span(label: string, seconds: Json | undefined): MessageField[] {
  return typeof seconds === 'number' ? [{ name: label, value: spanWords(seconds * 1000) }] : []
}

function field(label: string, value: string | undefined): MessageField[] {
  return value === undefined ? [] : [{ name: label, value }]
}

function name(host: string): string {
  return cutText(cleanLine(host), 100) || '?'
}

function isText(value: Json): value is string {
  return typeof value === 'string'
}
