// What is told of backups of guests: guest by guest, job by job, and of replications.
import type { EventType } from '../../event-type.ts'
import { humanSize } from '../../lib/human-size.ts'
import type { HubEvent, JsonObject } from '../../words.ts'
import { guestFields, guestLabels } from './task.ts'
import { guestEnd, guestName, onHost } from '../../source-guest-words.ts'
import { field, lasted, numberOf, objectsOf, textOf } from './words.ts'

const mostRows = 40

const savedFields = {
  sizeBytes: 'Size of its archive, or what was sent to a backup server.',
  durationSeconds: 'How long it took.',
  file: 'Its archive or snapshot.',
}

export default [
  {
    name: 'guest.backup',
    about: 'The backup of one guest has ended; one that is not well begins what the next good one ends.',
    fields: {
      ...guestFields,
      outcome: 'ok, warnings or failed.',
      reason: 'Lines of the log that say why.',
      ...savedFields,
      storage: 'Where it is saved.',
      job: 'Name of the schedule.',
      endedAt: 'When the job ended.',
      failedRuns: 'How many in a row were not well.',
      end: 'Of an end without a good backup: gone (it is no longer on the node) or forgotten (the host is).',
      sinceAt: 'Of such an end: since when backups were not well.',
    },
    labels: [...guestLabels, 'outcome', 'storage'],
    severity: 'info',
    message(event) {
      const { data } = event
      const isEnd = event.condition?.state === 'resolved'
      return {
        title: onHost(event.host, isEnd ? guestEnd(event.type, data) : backupTitle(data)),
        ...(isEnd ? { icon: 'white_check_mark' } : {}),
        fields: [
          ...field('Reason', textOf(data['reason'])),
          ...field('In a row', rowWords(data['failedRuns'])),
          ...field('Size', sizeOf(data['sizeBytes'])),
          ...field('Took', lasted(data['durationSeconds'])),
          ...field('Storage', textOf(data['storage']), true),
          ...field('File', textOf(data['file']), true),
        ],
      }
    },
    sample: {
      type: 'guest.backup',
      time: Date.UTC(2026, 10, 20, 3, 10),
      host: 'pve1',
      subject: 'broken',
      severity: 'error',
      data: {
        id: 102,
        guest: 'vm',
        name: 'broken',
        outcome: 'failed',
        reason: "storage 'nas' is not online",
        durationSeconds: 3,
        storage: 'nas',
        endedAt: '2026-11-20T03:10:00.000Z',
        failedRuns: 2,
      },
      condition: { key: 'guest/102/backup', state: 'firing' },
    },
  },
  {
    name: 'guest.backup-report',
    about: 'A backup job has ended: all its guests in one report, those that failed first.',
    fields: {
      outcome: 'ok, warnings or failed.',
      job: 'Name of the schedule.',
      storage: 'Where it is saved.',
      total: 'How many guests.',
      failed: 'How many of them are not saved.',
      warnings: 'How many are saved with warnings.',
      guests: 'Of each: id, guest, name, outcome, reason, sizeBytes, durationSeconds, file; at most 100.',
      more: 'How many are not in that list.',
      totalBytes: 'Of all of them.',
      reason: 'What the job itself says.',
      startedAt: 'When it began.',
      endedAt: 'When it ended.',
      durationSeconds: 'How long it took.',
    },
    labels: ['outcome', 'job', 'storage'],
    severity: 'info',
    message(event) {
      const { data } = event
      return {
        title: onHost(event.host, reportTitle(data)),
        fields: [
          ...field('Reason', textOf(data['reason'])),
          ...field('Storage', textOf(data['storage']), true),
          ...field('Size', sizeOf(data['totalBytes'])),
          ...field('Took', lasted(data['durationSeconds'])),
        ],
        lines: rowsOf(data),
      }
    },
    sample: {
      type: 'guest.backup-report',
      time: Date.UTC(2026, 10, 20, 3, 10),
      host: 'pve1',
      severity: 'error',
      data: {
        outcome: 'failed',
        job: 'backup-1a2b',
        storage: 'nas',
        total: 2,
        failed: 1,
        warnings: 0,
        guests: [
          { id: 102, guest: 'vm', name: 'broken', outcome: 'failed', reason: "storage 'nas' is not online" },
          { id: 100, guest: 'vm', name: 'web', outcome: 'ok', sizeBytes: 13207024435, durationSeconds: 261 },
        ],
        totalBytes: 13207024435,
        startedAt: '2026-11-20T03:05:36.000Z',
        endedAt: '2026-11-20T03:10:00.000Z',
        durationSeconds: 264,
      },
    },
  },
  {
    name: 'guest.replication',
    about: 'Proxmox tells of a replication of a guest, well or not.',
    fields: {
      id: 'Number of the guest.',
      job: 'Name of the replication job.',
      outcome: 'ok or failed.',
      reason: 'What Proxmox says.',
    },
    labels: ['id', 'job', 'outcome'],
    severity: 'info',
    message(event) {
      const { data } = event
      const id = numberOf(data['id'])
      const what = id === undefined ? 'A replication' : `Replication of guest ${id}`
      return {
        title: onHost(event.host, data['outcome'] === 'failed' ? `${what} failed` : `${what} is done`),
        fields: [...field('Job', textOf(data['job']), true), ...field('Reason', textOf(data['reason']))],
      }
    },
    sample: {
      type: 'guest.replication',
      time: Date.UTC(2026, 10, 20, 3, 10),
      host: 'pve1',
      subject: '100',
      severity: 'error',
      data: { id: 100, job: '100-0', outcome: 'failed', reason: 'Replication job 100-0 failed: no route to host' },
    },
  },
] satisfies readonly EventType[]

function backupTitle(data: JsonObject): string {
  const who = guestName(data)
  if (data['outcome'] === 'failed') return `Backup of ${who} failed`
  return data['outcome'] === 'warnings' ? `Backup of ${who} has warnings` : `${who} is backed up`
}

function reportTitle(data: JsonObject): string {
  const [total = 0, failed = 0, warnings = 0] = ['total', 'failed', 'warnings'].map((name) => numberOf(data[name]) ?? 0)
  if (total === 0) return data['outcome'] === 'ok' ? 'Backup job done' : 'Backup job failed'
  if (failed > 0) return `${failed} of ${total} backups failed`
  if (warnings > 0) return `${total} backed up, ${warnings} of them with warnings`
  return data['outcome'] === 'failed' ? `Backup job failed, ${total} backed up` : `${total} backed up`
}

function rowsOf(data: HubEvent['data']): string[] {
  const guests = objectsOf(data['guests'])
  const rows = guests.slice(0, mostRows).map((one) => {
    const parts = [sizeOf(one['sizeBytes']), lasted(one['durationSeconds'])].filter((part) => part !== undefined)
    const reason = one['outcome'] === 'ok' ? undefined : textOf(one['reason'])
    const words = [...(reason === undefined ? [] : [reason]), ...parts].join(', ')
    return `${mark(one)} ${guestName(one)}${words === '' ? '' : `: ${words}`}`
  })
  const more = guests.length - rows.length + (numberOf(data['more']) ?? 0)
  const text = [...rows, ...(more > 0 ? [`… and ${more} more`] : [])].join('\n')
  return text === '' ? [] : [text]
}

function mark({ outcome }: JsonObject): string {
  return outcome === 'failed' ? '❌' : outcome === 'warnings' ? '⚠️' : '✅'
}

function rowWords(value: JsonObject[string] | undefined): string | undefined {
  const count = numberOf(value)
  return count === undefined || count < 2 ? undefined : String(count)
}

function sizeOf(value: JsonObject[string] | undefined): string | undefined {
  const bytes = numberOf(value)
  return bytes === undefined ? undefined : humanSize(bytes)
}
