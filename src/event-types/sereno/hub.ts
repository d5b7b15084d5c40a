// What Sereno says of itself.
import type { EventType, MessageWords } from '../../event-type.ts'
import type { HubEvent } from '../../words.ts'

export default [
  {
    name: 'sereno.started',
    about: 'The hub has started.',
    fields: { version: 'Its version.', config: 'The file of its configuration, or built-in.' },
    labels: [],
    severity: 'info',
    message: ({ data }: HubEvent): MessageWords => ({
      title: 'Sereno is on watch',
      fields: [
        { name: 'Version', value: said(data['version']) },
        { name: 'Configuration', value: said(data['config']), code: true },
      ],
    }),
    sample: { type: 'sereno.started', data: { version: '1.0.0', config: '/etc/sereno/sereno.yaml' } },
  },
  {
    name: 'sereno.rejected',
    about: 'A sender handed in something that is no event; its neighbours were kept.',
    fields: { raw: 'What was handed in, cut at 4 KiB.', message: 'What is wrong with it.' },
    labels: [],
    severity: 'warning',
    message: ({ data, source }: HubEvent): MessageWords => ({
      title: `Source ${source} was sent something that is no event`,
      lines: [said(data['message']), said(data['raw']).slice(0, 500)],
    }),
    sample: { type: 'sereno.rejected', data: { raw: '{"id":1}', message: 'type is missing' } },
  },
  {
    name: 'sereno.id-reused',
    about: 'A sender used the identity of an earlier event for another one; both are kept.',
    fields: {
      firstEvent: 'The earlier event.',
      identity: 'The producer and its id.',
      source: 'The source it came in by.',
    },
    labels: [],
    severity: 'warning',
    message: ({ subject, data }: HubEvent): MessageWords => ({
      title: `The id ${said(subject)} was used twice`,
      lines: [
        `A sender used it before, for event ${said(data['firstEvent'])}, with other content. Both are kept; a sender that repeats itself must repeat the same.`,
      ],
    }),
    sample: {
      type: 'sereno.id-reused',
      subject: 'backup-17',
      data: { firstEvent: '1n5c0k3v7', identity: { producer: 'nas', id: 'backup-17' }, source: 'events' },
    },
  },
  {
    name: 'sereno.channel-dead',
    about: 'A channel could not be told; said once per outage, and never to the channel itself.',
    fields: {
      channel: 'Its name.',
      since: 'When the first send failed.',
      reason: 'One word of docs/problems.md.',
      detail: 'What the service answered.',
      died: 'Messages given up so far.',
    },
    labels: ['channel', 'reason'],
    severity: 'error',
    message: ({ data }: HubEvent): MessageWords => ({
      title: `Channel ${said(data['channel'])} cannot be told`,
      fields: [
        { name: 'Since', value: said(data['since']) },
        { name: 'Reason', value: said(data['reason']), note: said(data['detail']) },
        { name: 'Given up', value: said(data['died']) },
      ],
      lines: ['What can still be sent is tried again until it expires.'],
    }),
    sample: {
      type: 'sereno.channel-dead',
      subject: 'team',
      data: {
        channel: 'team',
        since: '2026-11-20T03:00:00.000Z',
        reason: 'unauthorised',
        detail: 'the service answered 403',
        died: 1,
      },
    },
  },
  {
    name: 'sereno.source-failing',
    about:
      'What a source asks again and again has not answered several times in a row; what it knows is kept meanwhile.',
    fields: {
      url: 'What is asked.',
      since: 'When it first failed.',
      failures: 'How often until this was said.',
      reason: 'One word of docs/problems.md.',
      detail: 'What came of it.',
    },
    labels: ['reason'],
    severity: 'error',
    message: ({ source, data, condition }: HubEvent): MessageWords =>
      condition?.state === 'resolved'
        ? { title: `Source ${source} gets answers again`, icon: 'white_check_mark' }
        : {
            title: `Source ${source} gets no answer`,
            fields: [
              { name: 'Asked', value: said(data['url']), code: true },
              { name: 'Since', value: said(data['since']) },
              { name: 'Reason', value: said(data['reason']), note: said(data['detail']) },
            ],
            lines: ['What begins or ends there is not noticed until it answers.'],
          },
    sample: {
      type: 'sereno.source-failing',
      data: {
        url: 'http://127.0.0.1:9093',
        since: '2026-11-20T03:00:00.000Z',
        failures: 3,
        reason: 'unreachable',
        detail: 'No connection to http://127.0.0.1:9093: the port is closed',
      },
      condition: { key: 'list failing', state: 'firing' },
    },
  },
  {
    name: 'sereno.truncated',
    about: 'A sender left out some of what it had to say, and there is no way to ask for it.',
    fields: {
      count: 'How many were left out.',
      groupKey: 'The group they are in, in the words of the sender.',
      receiver: 'Name of the receiver in its configuration.',
    },
    labels: [],
    severity: 'warning',
    message: ({ source, data }: HubEvent): MessageWords => ({
      title: `Source ${source} was not told of ${said(data['count'])} alerts`,
      lines: [
        'The sender posts only some of a group at a time. Raise max_alerts in its configuration, or give the source its url, so that it asks for the rest.',
        ...(data['groupKey'] === undefined ? [] : [`Group: ${said(data['groupKey'])}`]),
      ],
    }),
    sample: { type: 'sereno.truncated', data: { count: 3, groupKey: '{}:{alertname="DiskFull"}', receiver: 'sereno' } },
  },
  {
    name: 'sereno.clock-jump',
    about: 'The wall clock was stepped; waits in progress keep their length.',
    fields: { bySeconds: 'Forward, or back when negative.' },
    labels: [],
    severity: 'warning',
    message: ({ data }: HubEvent): MessageWords => ({
      title: `The clock was set ${Number(data['bySeconds']) < 0 ? 'back' : 'forward'} by ${span(Number(data['bySeconds']))}`,
    }),
    sample: { type: 'sereno.clock-jump', data: { bySeconds: -3600 } },
  },
  {
    name: 'sereno.blind',
    about: 'The hub was not running: what only its presence could notice was not noticed.',
    fields: { from: 'When it was last seen to run.', until: 'When it started again.' },
    labels: [],
    severity: 'info',
    message: ({ data }: HubEvent): MessageWords => ({
      title: 'I was away',
      fields: [
        { name: 'From', value: said(data['from']) },
        { name: 'Until', value: said(data['until']) },
      ],
      lines: [
        'Logs are read on from where I stopped. Silence in that time was not noticed: waits for a sign of life begin anew.',
      ],
    }),
    sample: { type: 'sereno.blind', data: { from: '2026-11-20T03:00:00.000Z', until: '2026-11-20T03:10:00.000Z' } },
  },
  {
    name: 'sereno.store-lost',
    about: 'The store was damaged; it was set aside and a new one begun with what could be read.',
    fields: {
      setAside: 'The file the damaged store is kept under.',
      recovered: 'repaired, copy (of the last hour) or nothing.',
      from: 'The last event that is left.',
      until: 'When the hub started again.',
    },
    labels: ['recovered'],
    severity: 'critical',
    message: ({ data }: HubEvent): MessageWords => ({
      title: 'The store was damaged',
      fields: [
        { name: 'Recovered', value: recovered[said(data['recovered'])] ?? said(data['recovered']) },
        { name: 'Kept as', value: said(data['setAside']), code: true },
        { name: 'Last event left', value: said(data['from']) },
      ],
      lines: ['Messages between the last event left and now may be missing or told again. Have a look at the disk.'],
    }),
    sample: {
      type: 'sereno.store-lost',
      data: {
        setAside: '/var/lib/sereno/sereno.db.damaged-2026-11-20',
        recovered: 'repaired',
        from: '2026-11-20T03:00:00.000Z',
        until: '2026-11-20T03:10:00.000Z',
      },
    },
  },
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
      fields: [{ name: 'Hosts', value: listed(data['hosts']) }],
      lines: ['What they see is kept, and cannot be told apart. Enrol one of them under a name of its own.'],
    }),
    sample: {
      type: 'sereno.agent-twice',
      subject: 'nas',
      data: { agent: 'nas', hosts: ['nas', 'nas-copy'], machineIds: ['8f3a4ce1d2b04d6f9f0c6a7d5e1b2c3d'] },
    },
  },
  {
    name: 'sereno.self-test',
    about: 'The hub tests its own way from intake to channel before it pings hub.heartbeat.',
    fields: {},
    labels: [],
    severity: 'info',
    message: (): MessageWords => ({ title: 'Self-test' }),
    sample: { type: 'sereno.self-test', data: {} },
  },
  {
    name: 'sereno.test',
    about: 'A person asked for a test message to one channel.',
    fields: { channel: 'The channel.' },
    labels: [],
    severity: 'info',
    message: ({ data }: HubEvent): MessageWords => ({
      title: `This is a test of channel ${said(data['channel'])}`,
      lines: ['If you can read this, Sereno can reach you here.'],
    }),
    sample: { type: 'sereno.test', data: { channel: 'team' } },
  },
] satisfies EventType[]

const recovered: { readonly [word: string]: string } = {
  repaired: 'all that could be read of it',
  copy: 'the state of the last hourly copy',
  nothing: 'nothing; a new store was begun',
}

/** What is missing is seen to be so. */
function said(value: unknown): string {
  if (value === undefined || value === null || value === '') return '?'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function span(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'a while'
  const whole = Math.abs(Math.round(seconds))
  if (whole < 120) return `${whole} s`
  return whole < 7200 ? `${Math.round(whole / 60)} min` : `${Math.round(whole / 360) / 10} h`
}

function listed(value: unknown): string {
  return Array.isArray(value) ? value.map(said).join(', ') : said(value)
}
