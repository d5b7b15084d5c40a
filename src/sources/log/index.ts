// The log source: follows the log of any service and makes events of its lines and sessions.
import { followFile } from '../../source-file.ts'
import type { SourceKind } from '../../source.ts'
import { logOptions } from './options.ts'
import type { LogOptions } from './options.ts'
import { createLogReader } from './reader.ts'

export default {
  about:
    'Follows the log file of any service. Lines that match a pattern are events (log.line); lines that belong together by ' +
    'an id are one event when their session ends, times out or never began (log.session).',
  options: logOptions,
  example: {
    path: '/var/log/app.log',
    match: { pattern: 'ERROR (?<message>.*)', name: 'error', severity: 'error' },
    session: {
      open: 'start id=(?<id>\\S+)',
      field: ['user=(?<user>\\S+)'],
      close: 'end id=(?<id>\\S+)',
      idle: '60s',
      total: '10m',
      max: 10_000,
    },
  },
  start: (options, tools) => followFile(options, tools, (saved) => createLogReader(options, { ...tools.place, saved })),
  reader: createLogReader,
} satisfies SourceKind<LogOptions>
