// Reads the status of a module's last run, which NethServer keeps as JSON (since core 3.20) or as a hash (before).
import { cutText } from '../../lib/text.ts'
import type { RunStatus, UnreadableStatus } from './facts.ts'

/** Of a status that cannot be read, so much is kept. */
const rawLength = 200

/** Era B: the value of a field of node/<id>/backup_status/<plan>. */
export function readJsonStatus(text: string, node: string): RunStatus | UnreadableStatus {
  return toStatus(parse(text), node) ?? { raw: cutText(text, rawLength) }
}

/** Era A: all of module/<id>/backup_status/<plan>. */
export function readHashStatus(hash: ReadonlyMap<string, string>, node: string): RunStatus | UnreadableStatus {
  const fields = Object.fromEntries(hash)
  return toStatus(fields, node) ?? { raw: cutText(JSON.stringify(fields), rawLength) }
}

export function isReadable(status: RunStatus | UnreadableStatus): status is RunStatus {
  return !('raw' in status)
}

/** Without a beginning, an end and a count of errors it says nothing; a size that makes no sense is left out. */
function toStatus(value: unknown, node: string): RunStatus | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const field = (name: string): number | undefined => readCount(name in value ? value[name as keyof typeof value] : '')
  const [start, end, errors] = [field('start'), field('end'), field('errors')]
  if (start === undefined || end === undefined || errors === undefined) return undefined
  const [totalSize, totalFiles] = [field('total_size'), field('total_file_count')]
  const snapshots = field('snapshots_count')
  return {
    start,
    end,
    errors,
    ...(totalSize === undefined ? {} : { totalSize }),
    ...(totalFiles === undefined ? {} : { totalFiles }),
    ...(snapshots === undefined ? {} : { snapshots }),
    node,
  }
}

/** A whole number from 0 up, as a number or in digits. */
function readCount(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^[0-9]{1,16}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
