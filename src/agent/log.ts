// An agent's own log: one JSON object a line on standard error, as the hub writes its own.
import type { Log } from '../source.ts'

const levels = { info: 30, warn: 40, error: 50 } as const

export function createLog(write: (line: string) => void): Log {
  const at =
    (level: keyof typeof levels) =>
    (message: string, fields: object = {}): void =>
      write(JSON.stringify({ level: levels[level], time: Date.now(), ...fields, msg: message }))
  return { info: at('info'), warn: at('warn'), error: at('error') }
}
