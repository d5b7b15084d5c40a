// Reads what became of each guest out of the log of a backup job, of archives and of backup servers alike; pure.
import { cleanLine, cutText } from '../../lib/text.ts'
import type { GuestBackup } from '../../source-guest-backup.ts'
import { readGuestId, toReason } from './task.ts'
import { readColonTime, readSizeWords } from './vzdump-words.ts'

export interface VzdumpLog {
  readonly guests: readonly GuestBackup[]
  readonly storage?: string
  /** Of the job itself. */
  readonly reason?: string
}

interface Open {
  id: number
  guest?: 'vm' | 'ct'
  name?: string
  outcome: GuestBackup['outcome']
  isEnded: boolean
  reasons: string[]
  sizeBytes?: number
  durationSeconds?: number
  file?: string
}

const mostReasons = 5
const longestName = 200
const longestLine = 4096
/** In mails each line has its guest, date and time before it. */
const line = /^\s*(?:(\d{1,10}): )?(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d )?(INFO|WARN|WARNING|ERROR|ERR): (.*)$/

/** Guests whose backup has not come to an end there are failed ones: the log is one of a job that is over. */
export function readVzdumpLog(text: string): VzdumpLog {
  const guests = new Map<number, Open>()
  let current: Open | undefined
  let storage: string | undefined
  const reasons: string[] = []
  for (const one of text.split('\n')) {
    const [, prefix = '', level = '', words = ''] = line.exec(one.slice(0, longestLine).trimEnd()) ?? []
    if (level === '') continue
    storage ??= readStorage(words)
    const started = /^Starting Backup of VM (\d+) \((lxc|qemu)\)/.exec(words)
    const id = readGuestId(started?.[1] ?? prefix)
    if (started !== null && id !== undefined) current = open(guests, id, started[2] === 'lxc' ? 'ct' : 'vm')
    const failed = /^Backup of VM (\d+) failed - (.*)$/.exec(words)
    const failedId = readGuestId(failed?.[1] ?? '')
    if (failed !== null && failedId !== undefined) {
      const guest = open(guests, failedId)
      guest.outcome = 'failed'
      guest.isEnded = true
      guest.reasons.unshift(failed[2] ?? '')
      continue
    }
    if (level !== 'INFO' && current === undefined) reasons.push(words)
    if (current !== undefined) take(current, level, words)
    if (current?.isEnded === true) current = undefined
  }
  return {
    guests: [...guests.values()].map(toGuest),
    ...(storage === undefined ? {} : { storage }),
    ...(reasons.length === 0 ? {} : { reason: toReason(reasons.slice(0, mostReasons).join('; ')) }),
  }
}

function open(guests: Map<number, Open>, id: number, guest?: 'vm' | 'ct'): Open {
  const known = guests.get(id) ?? { id, outcome: 'ok', isEnded: false, reasons: [] }
  if (guest !== undefined) known.guest = guest
  guests.set(id, known)
  return known
}

function take(guest: Open, level: string, words: string): void {
  if (level !== 'INFO') {
    guest.outcome = guest.outcome === 'failed' ? 'failed' : 'warnings'
    guest.reasons.push(words)
    return
  }
  const name = /^(?:CT|VM) Name: (.*)$/.exec(words)?.[1]
  if (name !== undefined) guest.name = cutText(cleanLine(name), longestName)
  const file = /^creating (?:vzdump|Proxmox Backup Server) archive '(.*)'/.exec(words)?.[1]
  if (file !== undefined) guest.file = cutText(cleanLine(file), longestLine)
  const size =
    /^archive file size: (.*)$/.exec(words)?.[1] ??
    /^(?:\S+: )?(?:had to backup|had to upload|transferred) ([\d.]+ ?[KMGTP]?i?B)/.exec(words)?.[1]
  if (size !== undefined)
    guest.sizeBytes = (guest.file?.startsWith('/') ? 0 : (guest.sizeBytes ?? 0)) + (readSizeWords(size) ?? 0)
  const finished = /^Finished Backup of VM \d+ \(([\d:]+)\)/.exec(words)
  if (finished === null) return
  guest.isEnded = true
  const seconds = readColonTime(finished[1] ?? '')
  if (seconds !== undefined) guest.durationSeconds = seconds
}

function toGuest({ isEnded, reasons, outcome, ...guest }: Open): GuestBackup {
  const end = isEnded ? outcome : 'failed'
  const words = isEnded ? reasons : [...reasons, 'the job ended before its backup did']
  return {
    ...guest,
    outcome: end,
    ...(end === 'ok' ? {} : { reason: toReason(words.slice(0, mostReasons).join('; ')) }),
  }
}

function readStorage(words: string): string | undefined {
  if (!words.startsWith('starting new backup job: vzdump ')) return undefined
  const name = /(?: |^)--storage[ =]'?([\w.-]{1,100})/.exec(words)?.[1]
  return name
}
