// Reads lists of guests and storages, as Proxmox's API and its commands print them; pure.
import { cleanLine, cutText } from '../../lib/text.ts'
import type { Thing } from '../../source-boot.ts'
import { readGuestId } from './task.ts'

export interface ListedGuest {
  readonly id: number
  readonly guest: 'vm' | 'ct'
  readonly name?: string
  readonly running: boolean
  readonly isTemplate?: true
}

export interface ListedStorage {
  readonly name: string
  readonly thing: Thing
}

const most = 5000
const longestName = 200

/** `data` of /nodes/<node>/qemu or lxc. Undefined: it is no list. */
export function readGuestData(data: unknown, guest: 'vm' | 'ct'): ListedGuest[] | undefined {
  if (!Array.isArray(data)) return undefined
  return data.slice(0, most).flatMap((one: unknown): ListedGuest[] => {
    if (!isObject(one)) return []
    const id = readGuestId(`${numberOf(one['vmid'])}`)
    const { name, status } = one
    if (id === undefined || typeof status !== 'string') return []
    const template = numberOf(one['template']) === 1 ? { isTemplate: true as const } : {}
    return [{ id, guest, ...named(name), running: isRunning(status), ...template }]
  })
}

/** What `qm list` and `pct list` print. Undefined: it is no such list. */
export function readGuestLines(text: string, guest: 'vm' | 'ct'): ListedGuest[] | undefined {
  const [head = '', ...rows] = text.split('\n').filter((line) => line.trim() !== '')
  // Of no containers at all, pct prints nothing.
  if (head === '') return []
  if (!/^\s*VMID\s/.test(head)) return undefined
  const isQemu = /^\s*VMID\s+NAME\s/.test(head)
  return rows.slice(0, most).flatMap((row): ListedGuest[] => {
    const cells = row.trim().split(/\s+/)
    const id = readGuestId(cells[0] ?? '')
    const status = cells[isQemu ? 2 : 1]
    if (id === undefined || status === undefined) return []
    return [{ id, guest, ...named(isQemu ? cells[1] : cells.slice(2).at(-1)), running: isRunning(status) }]
  })
}

/** `data` of /nodes/<node>/storage. */
export function readStorageData(data: unknown): ListedStorage[] | undefined {
  if (!Array.isArray(data)) return undefined
  return data.slice(0, most).flatMap((one: unknown): ListedStorage[] => {
    if (!isObject(one) || typeof one['storage'] !== 'string') return []
    const state =
      numberOf(one['enabled'] ?? 1) === 0 ? 'disabled' : numberOf(one['active']) === 1 ? 'active' : 'inactive'
    return [toStorage(one['storage'], state, numberOf(one['used']), numberOf(one['total']))]
  })
}

/** What `pvesm status` prints; its amounts are in KiB. */
export function readStorageLines(text: string): ListedStorage[] | undefined {
  const [head = '', ...rows] = text.split('\n').filter((line) => line.trim() !== '')
  if (!/^\s*Name\s+Type\s+Status\b/.test(head)) return undefined
  return rows.slice(0, most).flatMap((row): ListedStorage[] => {
    const [name, , state, total, used] = row.trim().split(/\s+/)
    if (name === undefined || state === undefined) return []
    return [toStorage(name, state, Number(used) * 1024, Number(total) * 1024)]
  })
}

function toStorage(given: string, state: string, used: number, total: number): ListedStorage {
  const name = cutText(cleanLine(given), longestName)
  if (state === 'disabled') return { name, thing: { ok: true, state } }
  if (state !== 'active') return { name, thing: { ok: false, state: 'unavailable' } }
  const isKnown = Number.isFinite(used) && Number.isFinite(total) && total > 0 && used >= 0
  const amounts = { usedPercent: Math.round((used / total) * 1000) / 10, usedBytes: used, totalBytes: total }
  return { name, thing: { ok: true, state: 'available', ...(isKnown ? amounts : {}) } }
}

/** A machine that is paused or in a snapshot has its process all the same. */
function isRunning(status: string): boolean {
  return status !== 'stopped'
}

function named(name: unknown): { readonly name?: string } {
  if (typeof name !== 'string') return {}
  const text = cutText(cleanLine(name), longestName)
  return text === '' ? {} : { name: text }
}

/** Some versions write numbers as texts. */
function numberOf(value: unknown): number {
  return typeof value === 'number' || (typeof value === 'string' && value !== '') ? Number(value) : NaN
}

export function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
