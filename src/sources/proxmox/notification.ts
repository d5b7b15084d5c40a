// Reads what Proxmox's notification system posts, and makes of it a backup job, a replication, or a message; pure.
// https://pve.proxmox.com/pve-docs/chapter-notifications.html
import { createHash } from 'node:crypto'
import { readJson, showJson } from '../../lib/read-json.ts'
import { cleanLine, cleanText, cutText } from '../../lib/text.ts'
import { type BackupJob, rank, toBackupJobFact } from '../../source-guest-backup.ts'
import type { NewEvent, NewFact, Severity } from '../../words.ts'
import { isObject } from './lists.ts'
import { readGuestId, toReason } from './task.ts'
import { readVzdumpText } from './vzdump-table.ts'

export interface Notification {
  readonly title: string
  readonly message: string
  readonly severity: Severity
  readonly at: number
  /** What it is about, in Proxmox's words; empty: it does not say. */
  readonly type: string
  readonly node: string
  readonly job?: string
  readonly id: string
}

export interface Taking {
  readonly mail: boolean
  readonly cron: boolean
  hostOf(node: string): string
}

export interface Taken {
  readonly facts: readonly NewFact[]
  readonly events: readonly NewEvent[]
}

const nothing: Taken = { facts: [], events: [] }
const longestTitle = 300
const longestText = 10_000
const longestWord = 200
const advice =
  'Send {"title": "…", "message": "…", "severity": "info", "fields": {"type": "vzdump"}}; docs/proxmox-source.md has the text to paste into Proxmox.'

/** A sentence: what is wrong. */
export function readNotification(body: Uint8Array, now: number): Notification | string {
  const read = readJson(body, 'The body')
  if ('error' in read) return `${read.error} ${advice}`
  if (!isObject(read.value)) return `The body is no JSON object. ${advice}`
  const { title = '', message = '', severity, timestamp, fields = {} } = read.value
  if (typeof title !== 'string') return `title must be a text, not ${showJson(title)}. ${advice}`
  if (typeof message !== 'string') return `message must be a text, not ${showJson(message)}. ${advice}`
  if (!isObject(fields)) return `fields must be an object, not ${showJson(fields)}. ${advice}`
  if (title.trim() === '' && message.trim() === '') return `There is neither a title nor a message. ${advice}`
  const job = wordOf(fields['job-id'])
  return {
    title: cutText(cleanLine(title), longestTitle),
    message,
    severity: readSeverity(severity),
    at: readTime(timestamp, now),
    type: wordOf(fields['type']),
    node: wordOf(fields['hostname']),
    ...(job === '' ? {} : { job }),
    id: createHash('sha256').update(body).digest('base64url').slice(0, 22),
  }
}

export function takeNotification(one: Notification, { mail, cron, hostOf }: Taking): Taken {
  const host = hostOf(one.node)
  switch (one.type) {
    case 'vzdump':
      return { facts: [toJob(one, host)], events: [] }
    case 'replication':
      return { facts: [], events: [toReplication(one, host)] }
    case 'fencing':
      return { facts: [], events: [toMessage(one, host, 'critical')] }
    case 'system-mail':
      return (/^cron </i.test(one.title) ? cron : mail) ? { facts: [], events: [toMessage(one, host)] } : nothing
    default: {
      // Of what it is unknown what it is, a backup is known by its table or its log.
      const isBackup = readVzdumpText(one.message).guests.length > 0
      return isBackup ? { facts: [toJob(one, host)], events: [] } : { facts: [], events: [toMessage(one, host)] }
    }
  }
}

function toJob(one: Notification, host: string): NewFact {
  const { guests, storage, totalBytes, totalSeconds, reason } = readVzdumpText(one.message)
  const worst = guests.toSorted((a, b) => rank(a.outcome) - rank(b.outcome))[0]?.outcome ?? 'ok'
  const said = one.severity === 'info' ? 'ok' : one.severity === 'warning' ? 'warnings' : 'failed'
  const outcome = rank(worst) < rank(said) ? worst : said
  const why = reason ?? (outcome !== 'ok' && worst === 'ok' ? firstWords(one) : undefined)
  const job: BackupJob = {
    via: 'webhook',
    ...(one.job === undefined ? {} : { job: one.job }),
    outcome,
    ...(totalSeconds === undefined ? {} : { startedAt: new Date(one.at - totalSeconds * 1000).toISOString() }),
    endedAt: new Date(one.at).toISOString(),
    ...(storage === undefined ? {} : { storage }),
    ...(totalBytes === undefined ? {} : { totalBytes }),
    ...(why === undefined ? {} : { reason: why }),
    guests,
  }
  return toBackupJobFact(`webhook/${one.id}`, host, job, one.at)
}

function toReplication(one: Notification, host: string): NewEvent {
  const isFailure = one.severity !== 'info' || /\b(?:fail(?:ed|ure|s)?|errors?)\b/i.test(one.title)
  const id = readGuestId(/^(\d+)-\d+$/.exec(one.job ?? '')?.[1] ?? '')
  const reason = isFailure ? firstWords(one) : undefined
  return {
    type: 'guest.replication',
    time: one.at,
    host,
    ...(id === undefined ? {} : { subject: String(id) }),
    severity: isFailure ? 'error' : 'info',
    data: {
      outcome: isFailure ? 'failed' : 'ok',
      ...(id === undefined ? {} : { id }),
      ...(one.job === undefined ? {} : { job: one.job }),
      ...(reason === undefined ? {} : { reason }),
    },
    identity: { producer: 'notification', id: one.id },
  }
}

function toMessage(one: Notification, host: string, severity: Severity = one.severity): NewEvent {
  const text = cutText(cleanText(one.message).trim(), longestText)
  return {
    type: 'message',
    time: one.at,
    host,
    ...(one.type === '' ? {} : { subject: one.type }),
    severity,
    ...(one.title === '' ? {} : { title: one.title }),
    text,
    data: { message: text, ...(one.title === '' ? {} : { summary: one.title }), messageType: severity },
    identity: { producer: 'notification', id: one.id },
  }
}

/** What stands before the table and the log. */
function firstWords({ message, title }: Notification): string {
  const [head = ''] = cleanText(message).split(/\n(?:Details|Logs?)\n=+\n/)
  const words = toReason(head)
  return words === '' ? toReason(title) : words
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? cutText(cleanLine(value), longestWord) : ''
}

/** Seconds, as a number or in digits; what makes no sense is now. */
function readTime(value: unknown, now: number): number {
  const seconds = typeof value === 'string' && /^\d{1,11}$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds <= 0) return now
  const at = Math.round(seconds * 1000)
  return at > now + 86_400_000 ? now : at
}

const severities: { readonly [word: string]: Severity } = {
  critical: 'critical',
  crit: 'critical',
  emergency: 'critical',
  alert: 'critical',
  error: 'error',
  err: 'error',
  warning: 'warning',
  warn: 'warning',
  notice: 'warning',
}

/** Of what a sender does not know how bad it is, such as a mail, nothing bad is assumed. */
function readSeverity(value: unknown): Severity {
  const word = typeof value === 'string' ? value.toLowerCase() : ''
  return Object.hasOwn(severities, word) ? (severities[word] ?? 'info') : 'info'
}
