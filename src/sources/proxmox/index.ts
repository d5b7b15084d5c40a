// The proxmox source: what guests, storages and backups of a Proxmox node do, from its tasks, its lists and its notifications.
import { dirname } from 'node:path'
import type { SourceKind } from '../../source.ts'
import { options, type Options } from './options.ts'
import { nodeOf, runSource, toHostOf } from './source.ts'
import { addFromLog } from './task-log.ts'
import { createTaskReader } from './task-reader.ts'

export default {
  about:
    'Follows a Proxmox node: ended tasks from its list, states of guests and storages from its API or its commands, and its notifications at POST /api/v1/webhook/<name of the source>.',
  options,
  example: { node: 'pve1', tasks: '/var/log/pve/tasks', every: '30s', storageFull: { warning: 85, critical: 95 } },
  start: (given, tools) => runSource(given, tools),
  reader: ({ node }, { host }) => createTaskReader({ hostOf: toHostOf(node ?? nodeOf(host), host) }),
  lookBeside: (path, fact) => addFromLog(dirname(path), fact),
} satisfies SourceKind<Options>
