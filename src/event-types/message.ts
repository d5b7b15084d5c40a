// What scripts say: one message from a host, in their own words.
import type { EventType, MessageWords } from '../event-type.ts'
import type { HubEvent, Severity } from '../words.ts'

/** What a sender may call its message, and the icon before it; `none` has none, whatever it says. */
const icons: { readonly [messageType: string]: string | undefined } = {
  none: undefined,
  info: 'information_source',
  warning: 'warning',
  error: 'fire',
  alarm: 'rotating_light',
  alert: 'rotating_light',
  critical: 'rotating_light',
  page: 'rotating_light',
}

/** For senders that know only our own severities. */
const iconsBySeverity: { readonly [severity in Severity]: string | undefined } = {
  info: icons['none'],
  warning: icons['warning'],
  error: icons['error'],
  critical: icons['alarm'],
}

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
    message(event: HubEvent): MessageWords {
      const icon = iconOf(event)
      const lines = event.text === undefined || event.text === '' ? [] : [event.text]
      // Who reads only the summary knows whether to read on.
      const isFolded = typeof event.data['summary'] === 'string' && lines.length > 0
      return {
        title: titleOf(event),
        ...(icon === undefined ? {} : { icon }),
        ...(isFolded ? { folded: true as const } : {}),
        fields: [],
        lines,
      }
    },
    sample: {
      type: 'message',
      host: 'nas',
      title: 'Backup of nas',
      text: 'The nightly backup took 42 minutes.',
      data: { message: 'The nightly backup took 42 minutes.', summary: 'Backup of nas', messageType: 'info' },
    },
  },
] satisfies EventType[]

function iconOf({ data, severity }: HubEvent): string | undefined {
  const word = data['messageType']
  return typeof word === 'string' && Object.hasOwn(icons, word) ? icons[word] : iconsBySeverity[severity]
}

/** Many machines say the same things; which one it was comes first. */
function titleOf({ title, host, source }: HubEvent): string {
  if (title === undefined) return `Message from ${host ?? source}`
  return host === undefined || title.startsWith(`${host}:`) ? title : `${host}: ${title}`
}
