// The pools of a Hyper-V guest: what the host sets there, and what cloud-init and others report to the host.
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { findLocks } from '../../lib/kvp/locks.ts'
import { readPool } from '../../lib/kvp/read-pool.ts'
import { duration } from '../../lib/schema.ts'
import { NotStored, type SourceKind, type SourceTools } from '../../source.ts'
import { type Look, lookAt } from './look.ts'

const folder = '/var/lib/hyperv'

const options = z.strictObject({
  pools: z
    .array(z.string().startsWith('/', { error: `write whole paths, such as ${folder}/.kvp_pool_0` }))
    .min(1)
    .max(8)
    .prefault([0, 1, 3].map((number) => `${folder}/.kvp_pool_${number}`))
    .describe(
      'Files to look at: pool 0 is what people set at the host, 1 what the guest reports, 3 facts of the host.',
    ),
  every: duration({ minMs: 100 }).prefault('5s').describe('How often it looks.'),
})

type Options = z.infer<typeof options>

const lockWaitMs = 200

export default {
  about: 'Follows the key-value pools of a Hyper-V guest: what the host sets, and what cloud-init reports.',
  options,
  example: { pools: [`${folder}/.kvp_pool_0`, `${folder}/.kvp_pool_1`, `${folder}/.kvp_pool_3`] },

  async start(given, tools) {
    const found = await findLocks()
    const reading = { locks: found.ok ? found.locks : undefined, lockWaitMs }
    const rows = new Set(Array.from(tools.place.saved ?? [], ([key]) => key))
    const troubles = new Map<string, string>()
    const counts = new Map<string, number>()
    const lasts = new Map<string, Look>()
    for (let caughtUp = false; !tools.signal.aborted; caughtUp = true) {
      for (const pool of given.pools) await look(pool)
      if (!caughtUp) await tell(tools, { events: [], put: [], delete: [] }, true)
      await wait(given.every, undefined, { signal: tools.signal }).catch(() => {})
    }

    async function look(pool: string): Promise<void> {
      const read = await readPool(pool, reading)
      counts.set(pool, read.ok ? read.records.length : 0)
      tools.measure(
        'kvp_records',
        [...counts.values()].reduce((sum, count) => sum + count, 0),
      )
      note(pool, read.ok ? '' : read.detail)
      if (!read.ok) return
      const seen = lookAt(pool, read.records, rows, lasts.get(pool))
      lasts.set(pool, seen)
      if (seen.put.length + seen.delete.length > 0 && !(await tell(tools, seen, false))) return
      for (const [key] of seen.put) rows.add(key)
      for (const key of seen.delete) rows.delete(key)
    }

    /** In the log, and once: the daemon may come later, and a machine may have no pools at all. */
    function note(pool: string, trouble: string): void {
      if (trouble === (troubles.get(pool) ?? '')) return
      troubles.set(pool, trouble)
      if (trouble === '') tools.log.info('the pool is to be had', { source: tools.name, pool })
      else tools.log.warn('the pool could not be read; it is looked at again', { source: tools.name, error: trouble })
    }
  },
} satisfies SourceKind<Options>

/** False: the store refused; what is new is found again at the next look. */
async function tell(tools: SourceTools, { events, put, delete: gone }: Look, caughtUp: boolean): Promise<boolean> {
  try {
    await tools.emit({ events }, { put, delete: gone, ...(caughtUp ? { caughtUp } : {}) })
    return true
  } catch (error) {
    if (!(error instanceof NotStored)) throw error
    return false
  }
}
