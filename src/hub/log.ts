// The hub's own log: one JSON object a line on standard error, secrets masked, control characters escaped by JSON.
import { pino } from 'pino'
import type { Log } from '../source.ts'

export function createLog(): Log {
  const logger = pino(
    {
      base: null,
      redact: {
        paths: ['token', 'url', 'password', 'secret', 'authorization', '*.token', '*.password', '*.secret'],
        censor: '***',
      },
    },
    pino.destination({ dest: 2, sync: true }),
  )
  return {
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  }
}
