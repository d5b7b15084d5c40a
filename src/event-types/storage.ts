// What is told of storages that hosts use: that one cannot be used, or is full.
import type { EventType } from '../event-type.ts'
import { spanWords } from '../lib/duration.ts'
import { humanSize } from '../lib/human-size.ts'
import { cleanLine, cutText } from '../lib/text.ts'
import { onHost, storageEnd } from '../source-guest-words.ts'
import type { HubEvent, Json } from '../words.ts'

export default [
  {
    name: 'storage.unavailable',
    about: 'A host cannot use one of its storages; ends when it can.',
    fields: {
      storage: 'Its name.',
      sinceAt: 'Since when.',
      durationSeconds: 'Of the end: how long it was so.',
      end: 'Of the end: available, gone (no longer configured) or forgotten (the host is).',
    },
    labels: ['storage'],
    severity: 'error',
    message(event) {
      const { data, condition } = event
      if (condition?.state !== 'resolved') return { title: titleOf(event, 'is unavailable') }
      const seconds = numberOf(data['durationSeconds'])
      return {
        title: onHost(event.host, storageEnd(event.type, data)),
        icon: 'white_check_mark',
        fields: seconds === undefined ? [] : [{ name: 'After', value: spanWords(seconds * 1000) }],
      }
    },
    sample: {
      type: 'storage.unavailable',
      time: Date.UTC(2026, 10, 20, 3, 10),
      host: 'pve1',
      subject: 'nas',
      data: { storage: 'nas', sinceAt: '2026-11-20T03:10:00.000Z' },
      condition: { key: 'storage/pve1/nas/unavailable', state: 'firing' },
    },
  },
  {
    name: 'storage.full',
    about: 'A storage of a host is fuller than its limit; ends when there is room again.',
    fields: {
      storage: 'Its name.',
      usedPercent: 'How full it is.',
      usedBytes: 'The same in bytes.',
      totalBytes: 'How large it is.',
      limit: 'That was passed, in percent.',
      sinceAt: 'Since when.',
      end: 'Of the end: cleared, disabled, unwatched, gone (no longer configured) or forgotten (the host is).',
    },
    labels: ['storage'],
    severity: 'warning',
    message(event) {
      const { data, condition } = event
      const used = numberOf(data['usedPercent'])
      const [usedBytes, totalBytes] = [numberOf(data['usedBytes']), numberOf(data['totalBytes'])]
      const fields =
        usedBytes === undefined || totalBytes === undefined
          ? []
          : [{ name: 'Used', value: `${humanSize(usedBytes)} of ${humanSize(totalBytes)}` }]
      if (condition?.state === 'resolved') {
        const title = onHost(event.host, storageEnd(event.type, data))
        return { title, icon: 'white_check_mark', fields }
      }
      const limit = numberOf(data['limit'])
      const behind = limit === undefined ? '' : ` (limit ${limit} %)`
      return { title: titleOf(event, used === undefined ? 'is full' : `is ${used} % full${behind}`), fields }
    },
    sample: {
      type: 'storage.full',
      time: Date.UTC(2026, 10, 20, 3, 10),
      host: 'pve1',
      subject: 'local',
      severity: 'warning',
      data: {
        storage: 'local',
        usedPercent: 87.5,
        usedBytes: 87_500_000_000,
        totalBytes: 100_000_000_000,
        limit: 85,
        sinceAt: '2026-11-20T03:10:00.000Z',
      },
      condition: { key: 'storage/pve1/local/full', state: 'firing' },
    },
  },
] satisfies readonly EventType[]

function titleOf({ host, data, subject }: HubEvent, words: string): string {
  const { storage = subject } = data
  const name = typeof storage === 'string' ? cutText(cleanLine(storage), 100) : '?'
  return onHost(host, `storage ${name} ${words}`)
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
