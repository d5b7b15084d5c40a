// What is told of a machine's network: an interface that is down, a gateway that does not answer.
import type { EventType, MessageWords } from '../event-type.ts'
import { cleanLine, cutText } from '../lib/text.ts'
import type { HubEvent, Json } from '../words.ts'

export default [
  {
    name: 'network.down',
    about: 'A network interface that had a carrier has none any more, or is gone; ends when it is up again.',
    fields: {
      interface: 'Its name.',
      state: 'As the kernel has it: down, lowerlayerdown, dormant …; gone, when there is no such interface any more.',
      reason: 'Why, if it is known.',
      since: 'When it was first seen to be so.',
    },
    labels: ['interface'],
    severity: 'error',
    message({ host, data, subject, condition }: HubEvent): MessageWords {
      const name = said(data['interface']) ?? subject ?? 'An interface'
      const on = host === undefined ? '' : `${cutText(cleanLine(host), 60)}: `
      const state = said(data['state']) ?? 'down'
      const title = `${on}network interface ${name} is ${state === 'gone' ? 'gone' : 'down'}`
      if (condition?.state === 'resolved') return { title, icon: 'white_check_mark' }
      const reason = said(data['reason'])
      return {
        title,
        icon: 'electric_plug',
        lines: [
          ...(reason === undefined ? [] : [reason]),
          ...(state === 'down' || state === 'gone' ? [] : [`The kernel calls it ${state}.`]),
        ],
      }
    },
    sample: {
      type: 'network.down',
      host: 'web1',
      subject: 'eno1',
      severity: 'error',
      data: { interface: 'eno1', state: 'down', since: '2026-11-21T02:10:00.000Z' },
      condition: { key: 'network eno1', state: 'firing' },
    },
  },
  {
    name: 'network.unreachable',
    about: 'The gateway of a machine answers none of its pings, or loses half of them; ends when it answers.',
    fields: {
      gateway: 'Its address.',
      state: 'unreachable, or losing.',
      reason: 'How many are lost.',
      since: 'When it was first seen to be so.',
    },
    labels: ['gateway'],
    severity: 'critical',
    message({ host, data, subject, condition }: HubEvent): MessageWords {
      const address = said(data['gateway']) ?? subject ?? '?'
      const on = host === undefined ? '' : `${cutText(cleanLine(host), 60)}: `
      const isLosing = said(data['state']) === 'losing'
      const title = `${on}the gateway ${address} ${isLosing ? 'loses pings' : 'does not answer'}`
      if (condition?.state === 'resolved') return { title, icon: 'white_check_mark' }
      const reason = said(data['reason'])
      return { title, icon: 'electric_plug', lines: reason === undefined ? [] : [reason] }
    },
    sample: {
      type: 'network.unreachable',
      host: 'web1',
      subject: '192.0.2.1',
      severity: 'critical',
      data: {
        gateway: '192.0.2.1',
        state: 'unreachable',
        reason: 'no answer to pings',
        since: '2026-11-21T02:10:00.000Z',
      },
      condition: { key: 'network gateway 192.0.2.1', state: 'firing' },
    },
  },
] satisfies EventType[]

function said(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? cutText(cleanLine(value), 200) : undefined
}
