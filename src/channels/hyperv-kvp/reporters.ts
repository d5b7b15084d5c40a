// One reporter for each pool and setting, so that messages on their way at the same time go into one append.
import { cloudInitPrefix, encodeAsCloudInit } from '../../lib/kvp/cloud-init.ts'
import { encodeEvent } from '../../lib/kvp/encode.ts'
import { findLocks } from '../../lib/kvp/locks.ts'
import { createReporter } from '../../lib/kvp/reporter.ts'
import type { Reporter } from '../../lib/kvp/reporting.ts'
import { bootFolder } from '../../lib/runtime-folder.ts'
import type { Log } from '../../source.ts'
import type { Options } from './options.ts'

const reporters = new Map<string, Promise<Reporter>>()
/** Those of settings that are no longer in force are closed when so many are open. */
const mostOpen = 8

export function reporterFor(options: Options, log: Log): Promise<Reporter> {
  const id = JSON.stringify(options)
  const known = reporters.get(id)
  if (known !== undefined) return known
  const [oldest] = reporters.keys()
  if (reporters.size >= mostOpen && oldest !== undefined) {
    void reporters.get(oldest)?.then((reporter) => reporter[Symbol.asyncDispose]())
    reporters.delete(oldest)
  }
  const made = openReporter(options, log)
  reporters.set(id, made)
  return made
}

async function openReporter(options: Options, log: Log): Promise<Reporter> {
  const { path, compat, maxRecords, lockWait, foreign, vmId } = options
  const found = await findLocks()
  if (!found.ok)
    log.warn('the pool is written without locks, one append at a time: they cannot be loaded', {
      path,
      detail: found.detail,
    })
  return createReporter({
    path,
    prefix: compat === undefined ? 'SERENO' : cloudInitPrefix,
    encode:
      compat === undefined ? encodeEvent : (event, writer, uuid) => encodeAsCloudInit(event, writer, uuid, compat),
    locks: found.ok ? found.locks : undefined,
    markerFolder: bootFolder('sereno'),
    foreign,
    vmId: vmId?.toLowerCase(),
    mostRecords: maxRecords,
    lockWaitMs: lockWait,
    now: Date.now,
    warn: (message) => log.warn(message, { path }),
  })
}
