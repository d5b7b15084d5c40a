// What is told of a guest that stopped although nobody stopped it.
import type { EventType } from '../../event-type.ts'
import { guestFields, guestLabels } from './task.ts'
import { guestEnd, guestName, onHost } from '../../source-guest-words.ts'
import { clockOf, field, lasted, textOf } from './words.ts'

export default [
  {
    name: 'guest.died',
    about:
      'A guest stopped, and no task of Proxmox stopped it: it crashed, was killed, or was shut down from inside. Ends when it runs again.',
    fields: {
      ...guestFields,
      lastRunningAt: 'When it was last seen running.',
      sinceAt: 'When it was first seen stopped.',
      end: 'Of the end: runs, task (it was heard late of a task that stopped it), gone (it is no longer on the node) or forgotten (the host is).',
      durationSeconds: 'Of the end: how long it was so.',
      user: 'Of the end: who started it.',
    },
    labels: guestLabels,
    severity: 'error',
    message(event) {
      const { data } = event
      if (event.condition?.state !== 'resolved') {
        return {
          title: onHost(event.host, `${guestName(data)} stopped by itself`),
          fields: field('Last seen running', clockOf(data['lastRunningAt'])),
          lines: ['No task of Proxmox stopped it. It crashed, was killed, or was shut down from inside.'],
        }
      }
      return {
        title: onHost(event.host, guestEnd(event.type, data)),
        icon: 'white_check_mark',
        fields: [...field('After', lasted(data['durationSeconds'])), ...field('By', textOf(data['user']), true)],
      }
    },
    sample: {
      type: 'guest.died',
      time: Date.UTC(2026, 10, 20, 3, 10),
      host: 'pve1',
      subject: 'db',
      data: {
        id: 101,
        guest: 'vm',
        name: 'db',
        lastRunningAt: '2026-11-20T03:09:30.000Z',
        sinceAt: '2026-11-20T03:10:00.000Z',
      },
      condition: { key: 'guest/101/died', state: 'firing' },
    },
  },
] satisfies readonly EventType[]
