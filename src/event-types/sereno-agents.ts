// What Sereno says of its agents.
import type { EventType, MessageWords } from '../event-type.ts'
import type { HubEvent } from '../words.ts'

export default [
  {
    name: 'sereno.agent-gap',
    about:
      'Some of what an agent saw never arrived: its room was full before it could tell, or the hub lost its record.',
    fields: { agent: 'Its name.', missing: 'How many facts and events, as far as is known by now.' },
    labels: ['agent'],
    severity: 'warning',
    message: ({ subject, data }: HubEvent): MessageWords => ({
      title: `Some of what agent ${said(data['agent'] ?? subject)} saw never arrived`,
      fields: [{ name: 'Missing', value: said(data['missing']) }],
      lines: ['Most likely its room was full before it reached the hub again; --buffer-size gives it more.'],
    }),
    sample: { type: 'sereno.agent-gap', subject: 'nas', data: { agent: 'nas', missing: 1200 } },
  },
  {
    name: 'sereno.agent-twice',
    about: 'Two agents use one token, such as those of a virtual machine and its clone.',
    fields: {
      agent: 'The name both go by.',
      hosts: 'What they call their hosts.',
      machineIds: 'The ids of their systems; two of one kind were made from one image.',
    },
    labels: ['agent'],
    severity: 'warning',
    message: ({ subject, data }: HubEvent): MessageWords => ({
      title: `Two agents go by the name ${said(data['agent'] ?? subject)}`,
      fields: [{ name: 'Hosts', value: list(data['hosts']) }],
      lines: ['What they see is kept, and cannot be told apart. Enrol one of them under a name of its own.'],
    }),
    sample: {
      type: 'sereno.agent-twice',
      subject: 'nas',
      data: { agent: 'nas', hosts: ['nas', 'nas-copy'], machineIds: ['8f3a4ce1d2b04d6f9f0c6a7d5e1b2c3d'] },
    },
  },
] satisfies EventType[]

function said(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '')
}

function list(value: unknown): string {
  return Array.isArray(value) ? value.map(said).join(', ') : said(value)
}
