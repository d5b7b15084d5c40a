// Reads what became of each guest out of the text in which Proxmox tells of a backup job: a table, and the log behind it; pure.
import { cleanLine, cutText } from '../../lib/text.ts'
import type { GuestBackup } from '../../source-guest-backup.ts'
import { readGuestId, toReason } from './task.ts'
import { readVzdumpLog, type VzdumpLog } from './vzdump-log.ts'
import { readSizeWords, readSpanWords } from './vzdump-words.ts'

export interface VzdumpText extends VzdumpLog {
  readonly totalBytes?: number
  readonly totalSeconds?: number
}

type Column = { readonly name: string; readonly from: number; readonly to: number }

const longestName = 200
const longestFile = 4096

/** From the table the verdicts, from the log the reasons; where either is missing, the other alone. */
export function readVzdumpText(text: string): VzdumpText {
  const lines = text.split(/\r?\n/)
  const header = lines.findIndex((line) => /^\s*VMID\s+Name\s+Status\b/i.test(line))
  const rows = header < 0 ? [] : readTable(lines.slice(header))
  const log = readVzdumpLog(text)
  const logged = new Map(log.guests.map((guest) => [guest.id, guest]))
  const inTable = new Set(rows.map(({ id }) => id))
  const guests = [
    ...rows.map((row) => merge(row, logged.get(row.id))),
    ...log.guests.filter(({ id }) => !inTable.has(id)),
  ]
  const storage = log.storage ?? /(?:^|\s)--storage[ =]'?([\w.-]{1,100})/.exec(text)?.[1]
  const bytes = readSizeWords(valueOf(lines, 'Total size') ?? '')
  const seconds = readSpanWords(valueOf(lines, 'Total running time') ?? '')
  return {
    guests,
    ...(storage === undefined ? {} : { storage }),
    ...(log.reason === undefined ? {} : { reason: log.reason }),
    ...total('totalBytes', bytes, guests, ({ sizeBytes }) => sizeBytes),
    ...total('totalSeconds', seconds, guests, ({ durationSeconds }) => durationSeconds),
  }
}

/** Columns stand below their headings; names may have blanks in them, so that those say nothing. */
function readTable([head = '', ...rows]: readonly string[]): GuestBackup[] {
  const columns = readColumns(head)
  const guests: GuestBackup[] = []
  for (const row of rows) {
    if (/^[\s=-]*$/.test(row)) {
      if (guests.length > 0) break
      continue
    }
    const guest = readRow(row, columns)
    if (guest === undefined) break
    guests.push(guest)
  }
  return guests
}

function readColumns(head: string): Column[] {
  const found = [...head.matchAll(/\S+/g)].map((one) => ({ name: one[0].toLowerCase(), from: one.index }))
  return found.map(({ name, from }, index) => ({ name, from, to: found[index + 1]?.from ?? Infinity }))
}

function readRow(row: string, columns: readonly Column[]): GuestBackup | undefined {
  const below = cellsBelow(row, columns)
  const cells = isStatus(below['status'] ?? '') ? below : (bareRow.exec(row.slice(0, longestFile))?.groups ?? below)
  const cell = (wanted: string): string => cells[wanted]?.trim() ?? ''
  const id = readGuestId(cell('vmid'))
  if (id === undefined) return undefined
  const [name, file] = [cell('name'), cell('filename')]
  const [sizeBytes, durationSeconds] = [readSizeWords(cell('size')), readSpanWords(cell('time'))]
  const kind = /(?:^|\/)(?:vzdump-)?(qemu|lxc|vm|ct)[-/]/.exec(file)?.[1]
  return {
    id,
    ...(kind === undefined ? {} : { guest: kind === 'lxc' || kind === 'ct' ? ('ct' as const) : ('vm' as const) }),
    ...(name === '' ? {} : { name: cutText(cleanLine(name), longestName) }),
    outcome: outcomeOf(cell('status')),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(file === '' || file === 'null' ? {} : { file: cutText(cleanLine(file), longestFile) }),
  }
}

function cellsBelow(row: string, columns: readonly Column[]): { readonly [name: string]: string | undefined } {
  // Proxmox pads by characters, and a name may have some of two units.
  const characters = Array.from(row)
  return Object.fromEntries(columns.map(({ name, from, to }) => [name, characters.slice(from, to).join('')]))
}

/** Of a table that lost its padding on the way; by the shape of each cell. */
const bareRow =
  /^\s*(?<vmid>\d{1,9})\s+(?:(?<name>\S.{0,199}?)\s+)?(?<status>ok|err\w{0,9}|warn\w{0,9})\s+(?<time>\d[\d dhms.:]{0,40}?)\s+(?<size>[\d.]{1,20}\s?[KMGTP]?i?B)\s+(?<filename>\S.*)$/i

function isStatus(word: string): boolean {
  return /^(?:ok|err\w*|warn\w*)$/i.test(word.trim())
}

function outcomeOf(status: string): GuestBackup['outcome'] {
  if (/^ok$/i.test(status)) return 'ok'
  return /^warn/i.test(status) ? 'warnings' : 'failed'
}

function merge(row: GuestBackup, logged: GuestBackup | undefined): GuestBackup {
  if (logged === undefined) return row.outcome === 'failed' ? { ...row, reason: toReason('Proxmox says no more') } : row
  const outcome = row.outcome === 'ok' && logged.outcome === 'warnings' ? 'warnings' : row.outcome
  const { reason, ...known } = logged
  return { ...known, ...row, outcome, ...(reason === undefined || outcome === 'ok' ? {} : { reason }) }
}

function valueOf(lines: readonly string[], name: string): string | undefined {
  return lines
    .find((line) => line.trimStart().startsWith(`${name}:`))
    ?.split(':')
    .slice(1)
    .join(':')
}

/** As it is said, else the sum of those of the guests. */
function total(
  name: 'totalBytes' | 'totalSeconds',
  said: number | undefined,
  guests: readonly GuestBackup[],
  of: (guest: GuestBackup) => number | undefined,
): { readonly totalBytes?: number; readonly totalSeconds?: number } {
  if (said !== undefined) return { [name]: said }
  const known = guests.flatMap((guest) => of(guest) ?? [])
  return known.length === 0 ? {} : { [name]: known.reduce((sum, one) => sum + one, 0) }
}
