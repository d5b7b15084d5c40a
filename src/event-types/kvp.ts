// What is found in the key-value pools of a Hyper-V guest.
import type { EventType, MessageWords } from '../event-type.ts'
import { spanWords } from '../lib/duration.ts'
import type { HubEvent, MessageField } from '../words.ts'

const pool = 'File of the pool.'

export default [
  {
    name: 'kvp.event',
    about: 'Another program, such as cloud-init, has reported something of its work to the Hyper-V host.',
    fields: {
      pool,
      name: 'Of the stage: init-network/config-ssh.',
      event: 'start, finish, diagnostic or another word of its writer.',
      description: 'What it says.',
      origin: 'cloud-init, or the prefix of its key.',
      result: 'Of a finish: SUCCESS, WARN or FAIL.',
      durationSeconds: 'Of a finish, where it is said.',
      missing: 'Numbers of the slices that were not there.',
    },
    labels: ['origin', 'event', 'result'],
    severity: 'info',
    message: ({ data, host, subject }: HubEvent): MessageWords => {
      const name = textOf(data['name']) ?? subject ?? '?'
      const took = data['durationSeconds']
      return {
        title: `${textOf(data['origin']) ?? 'A program'}: ${name} ${wordOf(data)}`,
        fields: [
          ...fieldOf('Host', host),
          ...fieldOf('Took', typeof took === 'number' ? spanWords(took * 1000) : undefined),
        ],
        lines: linesOf(data['description']),
      }
    },
    sample: {
      type: 'kvp.event',
      time: Date.UTC(2026, 10, 26, 3, 0, 12),
      host: 'guest-1',
      subject: 'modules-final',
      severity: 'warning',
      data: {
        pool: '/var/lib/hyperv/.kvp_pool_1',
        name: 'modules-final',
        event: 'finish',
        description: 'running modules for final',
        origin: 'cloud-init',
        result: 'WARN',
        durationSeconds: 1.25,
      },
    },
  },
  {
    name: 'kvp.value',
    about: 'A key of a Hyper-V pool has got a value: people set it at the host, or the host itself did.',
    fields: { pool, key: 'Its name.', value: 'What it is now.' },
    labels: ['key'],
    severity: 'info',
    message: ({ data, host, subject }: HubEvent): MessageWords => ({
      title: `${textOf(data['key']) ?? subject ?? 'A key'} is set by the Hyper-V host`,
      fields: [...fieldOf('Host', host), ...fieldOf('Value', textOf(data['value']), true)],
    }),
    sample: {
      type: 'kvp.value',
      time: Date.UTC(2026, 10, 26, 3, 0),
      host: 'guest-1',
      subject: 'HostName',
      data: { pool: '/var/lib/hyperv/.kvp_pool_3', key: 'HostName', value: 'hv-07' },
    },
  },
] satisfies EventType[]

function wordOf({ event, result }: HubEvent['data']): string {
  if (event === 'start') return 'has started'
  if (event !== 'finish') return `says something (${textOf(event) ?? 'no type'})`
  if (result === 'FAIL') return 'has failed'
  return result === 'WARN' ? 'has finished with a warning' : 'has finished'
}

function fieldOf(name: string, value: string | undefined, code = false): MessageField[] {
  return value === undefined ? [] : [{ name, value, ...(code ? { code } : {}) }]
}

function linesOf(text: unknown): string[] {
  return typeof text === 'string' && text !== '' ? [text] : []
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
