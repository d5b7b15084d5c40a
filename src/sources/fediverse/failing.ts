// When the account cannot be listened to for a while, that is a condition, which ends when it can.
import type { SourceTools } from '../../source.ts'
import type { Json, NewEvent, Reason } from '../../words.ts'

export interface Failing {
  /** In a row. */
  readonly failures: number
  /** `detail`: a sentence without secrets. */
  failed(reason: Reason, detail: string): Promise<void>
  /** One of which others tell. */
  again(): void
  recovered(): Promise<void>
}

/** Of failures in a row, before it is told. */
const toldAfter = 5
const row = 'mentions failing'

export function createFailing(url: string, tools: SourceTools): Failing {
  const { log, name } = tools
  let failures = 0
  let toldSince = sinceOf(tools.place.saved)

  return {
    get failures() {
      return failures
    },
    again() {
      failures += 1
    },
    async failed(reason, detail) {
      failures += 1
      tools.measure('mentions_failing', 1)
      if (failures === 1) log.warn(`what is said to the account cannot be heard: ${detail}`, { source: name, reason })
      if (failures < toldAfter || toldSince !== undefined) return
      const since = tools.now()
      const event = toEvent('firing', since, { reason, detail, failures, url })
      await tools.emit({ events: [event] }, { put: [[row, { v: 1, since }]] })
      toldSince = since
    },
    async recovered() {
      if (failures > 0) log.info('what is said to the account can be heard again', { source: name })
      failures = 0
      tools.measure('mentions_failing', 0)
      if (toldSince === undefined) return
      await tools.emit({ events: [toEvent('resolved', toldSince, { url })] }, { delete: [row] })
      toldSince = undefined
    },
  }
}

function sinceOf(saved: SourceTools['place']['saved'] = []): number | undefined {
  for (const [key, value] of saved) {
    if (key !== row || typeof value !== 'object' || value === null || !('since' in value)) continue
    if (typeof value.since === 'number') return value.since
  }
  return undefined
}

function toEvent(state: 'firing' | 'resolved', since: number, data: { readonly [name: string]: Json }): NewEvent {
  const at = new Date(since).toISOString()
  return {
    type: 'sereno.source-failing',
    data: { ...data, since: at },
    condition: { key: row, state },
    identity: { producer: row, id: `${at}/${state}` },
  }
}
