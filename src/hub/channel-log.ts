// A channel that cannot be told, in the log: where nobody else is told, somebody may read it there.
import type { Draft } from '../engine/draft.ts'
import type { Log } from '../source.ts'

export interface OutageLog {
  committed(draft: Pick<Draft, 'events' | 'deliveries'>, log: Log): void
}

export function logOutages(): OutageLog {
  const dead = new Set<string>()
  return {
    committed({ events, deliveries }, log) {
      for (const { channel, state } of dead.size === 0 ? [] : deliveries.values())
        if (state === 'delivered' && dead.delete(channel)) log.info(`channel ${channel} can be told again`)
      for (const { type, data } of events) {
        const { channel, detail, reason, died } = data
        if (type !== 'sereno.channel-dead' || typeof channel !== 'string' || typeof detail !== 'string') continue
        dead.add(channel)
        log.error(`channel ${channel} cannot be told: ${detail}`, { reason, died })
      }
    },
  }
}
