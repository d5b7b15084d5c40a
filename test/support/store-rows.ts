// Stores in folders of their own, and rows to fill them with.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toId } from '../../src/lib/id.ts'
import type { Store } from '../../src/store/store.ts'
import type { Delivery, HubEvent } from '../../src/words.ts'

export async function withStore(
  open: (folder: string) => Promise<Store>,
  check: (store: Store) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const store = await open(folder)
    try {
      await check(store)
    } finally {
      await store.close()
    }
  })
}

export async function inFolder(check: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sereno-store-'))
  try {
    await check(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export function event(seq: number, changes: Partial<HubEvent> = {}): HubEvent {
  const base = {
    seq,
    id: toId(seq),
    type: 'message',
    time: 1000,
    receivedAt: 1000,
    source: 's',
    severity: 'info',
  } as const
  return { ...base, labels: {}, data: {}, ...changes }
}

export function delivery(
  seq: number,
  channel: string,
  events: number[],
  state: Delivery['state'] = 'queued',
): Delivery {
  const counts = { attempts: 0, unanswered: 0, createdAt: 1, dueAt: 1, expireAt: 100 }
  const base = { seq, id: toId(seq), channel, recipient: '', thread: 't', kind: 'open', rule: 'r', events } as const
  return { ...base, severity: 'info', extra: {}, state, ...counts }
}
