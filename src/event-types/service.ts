// What is told of services: a unit of systemd that has failed, or does not run although it must.
import type { EventType, MessageWords } from '../event-type.ts'
import { cleanLine, cutText } from '../lib/text.ts'
import type { HubEvent, Json } from '../words.ts'

export default [
  {
    name: 'service.failed',
    about: 'A unit of systemd has failed, or is not active although it is watched; ends when it is well.',
    fields: {
      unit: 'Its name.',
      state: 'As systemd has it: failed, inactive, activating, not-found …',
      reason: 'Why, as far as systemd knows.',
      since: 'When it was first seen to be so.',
    },
    labels: ['unit'],
    severity: 'error',
    message({ host, data, subject, condition }: HubEvent): MessageWords {
      const unit = said(data['unit']) ?? subject ?? 'A service'
      const state = said(data['state']) ?? 'failed'
      const on = host === undefined ? '' : `${cutText(cleanLine(host), 60)}: `
      const title = `${on}${unit} ${state === 'failed' ? 'has failed' : `is ${state}`}`
      if (condition?.state === 'resolved') return { title, icon: 'white_check_mark' }
      const reason = said(data['reason'])
      return {
        title,
        icon: 'x',
        lines: [
          ...(reason === undefined ? [] : [`${reason[0]?.toUpperCase()}${reason.slice(1)}.`]),
          `To look: systemctl status ${unit}; journalctl -u ${unit} -n 50`,
        ],
      }
    },
    sample: {
      type: 'service.failed',
      host: 'web1',
      subject: 'nginx.service',
      severity: 'error',
      data: {
        unit: 'nginx.service',
        state: 'failed',
        reason: 'it ended with exit code 1',
        since: '2026-11-21T02:10:00.000Z',
      },
      condition: { key: 'unit nginx.service', state: 'firing' },
    },
  },
] satisfies EventType[]

function said(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? cutText(cleanLine(value), 200) : undefined
}
