// What scripts say: one message from a host, in their own words.
import type { EventType } from '../event-type.ts'
import type { HubEvent } from '../words.ts'

export default [
  {
    name: 'message',
    about: 'A script or a person sent a message to POST /message.',
    fields: {
      message: 'The text, as it was sent.',
      summary: 'One line of what it is about; absent when none was sent.',
      messageType: "The sender's own word: none, info, warning, error, alarm, alert, critical or page.",
    },
    labels: ['messageType'],
    severity: 'info',
    message: (event: HubEvent) => ({
      title: event.title ?? `Message from ${event.host ?? event.source}`,
      fields:
        event.title === undefined || event.host === undefined ? [] : [{ name: 'Host', value: event.host, code: true }],
      lines: event.text === undefined || event.text === '' ? [] : [event.text],
    }),
    sample: {
      type: 'message',
      host: 'nas',
      title: 'Backup of nas',
      text: 'The nightly backup took 42 minutes.',
      data: { message: 'The nightly backup took 42 minutes.', summary: 'Backup of nas', messageType: 'info' },
    },
  },
] satisfies EventType[]
