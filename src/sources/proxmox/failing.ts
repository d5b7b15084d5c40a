// Says once that Proxmox has not answered several times in a row, and once that it does again.
import type { SourceTools } from '../../source.ts'
import type { Json, NewEvent } from '../../words.ts'
import type { Unread } from './ask.ts'
import { isObject } from './lists.ts'

export interface Failing {
  failed(unread: Unread): Promise<void>
  well(): Promise<void>
}

/** The row that says that it was told, and since when it fails. */
export const failingRow = 'lists failing'
/** So many failures in a row are told. */
const toldAfter = 3

export function createFailing(
  where: string,
  tools: Pick<SourceTools, 'emit' | 'now' | 'log' | 'name' | 'place'>,
): Failing {
  const saved = new Map(tools.place.saved).get(failingRow)
  let toldSince = isObject(saved) && typeof saved['since'] === 'number' ? saved['since'] : undefined
  let failures = 0
  let since = 0
  return {
    async failed({ reason, unread }) {
      if (failures === 0) {
        since = tools.now()
        tools.log.warn(`${where} could not be asked; it is asked again`, { source: tools.name, error: unread })
      }
      failures += 1
      if (failures < toldAfter || toldSince !== undefined) return
      const event = toEvent('firing', since, { reason, detail: unread, failures, url: where })
      await tools.emit({ events: [event] }, { put: [[failingRow, { v: 1, since }]] })
      toldSince = since
    },
    async well() {
      if (failures > 0) tools.log.info(`${where} answers again`, { source: tools.name })
      failures = 0
      if (toldSince === undefined) return
      await tools.emit({ events: [toEvent('resolved', toldSince, { url: where })] }, { delete: [failingRow] })
      toldSince = undefined
    },
  }
}

function toEvent(state: 'firing' | 'resolved', since: number, data: { readonly [name: string]: Json }): NewEvent {
  const at = new Date(since).toISOString()
  return {
    type: 'sereno.source-failing',
    data: { ...data, since: at },
    condition: { key: failingRow, state },
    identity: { producer: failingRow, id: `${at}/${state}` },
  }
}
