// Which boot this is, as one value for all programs of it, and the records of earlier boots cleared away when it has just begun.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { cloudInitPrefix } from './cloud-init.ts'
import { nobody } from './event.ts'
import { parseKey } from './key.ts'
import { type PoolFileOptions, type PoolRefusal, withPool } from './open-pool.ts'
import { takeOut } from './own-records.ts'
import type { PoolRecord } from './record.ts'

export interface BootOptions extends PoolFileOptions {
  /** Whose records may be cleared away. */
  readonly prefix: string
  /** Records of others are kept, since those may be of this boot; unless it is known that nobody writes earlier. */
  readonly foreign: 'keep' | 'drop'
  /** Holds what is known of this boot; empty after the next one, as /run is. */
  readonly markerFolder: string
  /** For tests: /proc. */
  readonly proc?: string
}

export interface Boot {
  readonly ok: true
  /** Seconds since 1970 at which it began, as it was first told; the clock may have been set since. */
  readonly incarnation: number
  /** Records of earlier boots that were cleared away. */
  readonly cleared: number
}

interface Marker {
  readonly bootId: string
  readonly incarnation: number
}

/**
 * Neither the file's time nor the clock decides what is old, since both jump when the clock is set: the first to come in a
 * boot finds no marker of it, and so knows that no record of our prefix is of this boot.
 */
export async function enterBoot(options: BootOptions): Promise<Boot | PoolRefusal> {
  const { prefix, foreign, markerFolder, proc = '/proc' } = options
  const bootId = readLine(join(proc, 'sys/kernel/random/boot_id'))
  const began = readBootTime(proc)
  const path = join(
    markerFolder,
    `kvp-${createHash('sha256').update(resolve(options.path)).digest('hex').slice(0, 16)}.json`,
  )
  const known = readMarker(path)
  if (known !== undefined && known.bootId === bootId) return { ok: true, incarnation: known.incarnation, cleared: 0 }
  return withPool(options, 'exclusive', (pool) => {
    // Another program may have come in between.
    const marker = readMarker(path)
    if (marker !== undefined && marker.bootId === bootId)
      return { ok: true, incarnation: marker.incarnation, cleared: 0 }
    const fresh: Boot = { ok: true, incarnation: began, cleared: 0 }
    if (bootId === '' || !writeMarker(path, { bootId, incarnation: began }) || !pool.locked) return fresh
    // Under its prefix cloud-init itself has written in this boot, with another time of its beginning.
    if (prefix === cloudInitPrefix && foreign === 'keep') return fresh
    const isOld = ({ key }: PoolRecord): boolean => {
      const parts = parseKey(key)
      return foreign === 'drop' || (parts?.prefix === prefix && parts.incarnation !== String(began))
    }
    return { ...fresh, cleared: takeOut(options.path, pool, isOld).length }
  })
}

/** The machine's id as its firmware has it; the zero one when it has none or this user may not know. */
export function readVmId(file = '/sys/class/dmi/id/product_uuid'): string {
  const text = readLine(file).toLowerCase()
  return /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(text) ? text : nobody
}

function readBootTime(proc: string): number {
  const [, seconds = '0'] = /^btime (\d+)$/m.exec(readText(join(proc, 'stat'))) ?? []
  return Number(seconds)
}

function readMarker(path: string): Marker | undefined {
  try {
    const { bootId, incarnation } = JSON.parse(readFileSync(path, 'utf8')) as {
      bootId?: unknown
      incarnation?: unknown
    }
    return typeof bootId === 'string' && bootId !== '' && typeof incarnation === 'number'
      ? { bootId, incarnation }
      : undefined
  } catch {
    return undefined
  }
}

/** False: this user may not; then nothing may be cleared away either. */
function writeMarker(path: string, marker: Marker): boolean {
  const draft = `${path}.${process.pid}.tmp`
  try {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o755 })
    writeFileSync(draft, JSON.stringify(marker), { mode: 0o644 })
    renameSync(draft, path)
    return true
  } catch {
    return false
  }
}

function readLine(path: string): string {
  return readText(path).trim()
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
