// What is told of a boot: one report of what started, what did not, and what is wrong, in the form of ProxMenux's report.
import type { EventType, MessageWords } from '../event-type.ts'
import { spanWords } from '../lib/duration.ts'
import { cleanLine, cutText } from '../lib/text.ts'
import type { HubEvent, Json, JsonObject, MessageField } from '../words.ts'

export default [
  {
    name: 'host.startup-report',
    about:
      'A host has booted: what was to start and did, what failed, what is missing, and what else is wrong. Once for each boot.',
    fields: {
      bootId: "The kernel's id of this boot.",
      bootedAt: 'When it booted.',
      previousClean: 'Whether the boot before ended with a shutdown; absent: not known.',
      downSeconds: 'From the stop, or the last word before, to this boot.',
      bootSeconds: 'From the boot to the last guest that started.',
      afterSeconds: 'From the boot to this report.',
      cutShort: 'It went down again before all could start; absent: it did not.',
      started: 'Guests that run: {id, name, guest}; guest is vm or ct.',
      startedCount: 'How many.',
      failed: 'Guests that failed to start: {id, name, guest, reason}.',
      failedCount: 'How many.',
      pending: 'Guests that were to start and have not.',
      pendingCount: 'How many.',
      disabledCount: 'Guests that do not start with their host, and do not run.',
      unknown: 'Guests that do not run, and whose configuration cannot be read: {id, name, guest}; absent: none.',
      unknownCount: 'How many.',
      services: 'Units that are not well: {name, reason}.',
      storages: 'Storages that are not there: {name, reason}.',
      network: 'What is not well of the network: {name, reason}.',
      late: 'What was not well at first and is by now: {name, afterSeconds}, counted from the boot.',
      others: 'What else began and has not ended: {title, severity}.',
      notes: 'What else happened and has no end, such as errors in the journal: {title, count}.',
    },
    labels: [],
    severity: 'info',
    each: true,
    message: words,
    sample: {
      type: 'host.startup-report',
      host: 'pve',
      severity: 'warning',
      data: {
        bootId: '0b6f3a52-9a1c-4a0e-8b9e-5f0d5f1c7b11',
        bootedAt: '2026-11-21T02:10:00.000Z',
        previousClean: true,
        downSeconds: 95,
        bootSeconds: 192,
        afterSeconds: 300,
        started: [
          { id: 100, name: 'web', guest: 'vm' },
          { id: 200, name: 'dns', guest: 'ct' },
        ],
        startedCount: 2,
        failed: [{ id: 102, name: 'broken', guest: 'vm', reason: "volume 'nas:102/disk.qcow2' does not exist" }],
        failedCount: 1,
        pending: [],
        pendingCount: 0,
        disabledCount: 3,
        services: [{ name: 'pveproxy.service', reason: 'failed' }],
        storages: [{ name: 'nas', reason: 'unavailable' }],
        network: [],
        late: [{ name: 'backup', afterSeconds: 240 }],
        others: [],
        notes: [{ title: 'I/O error, dev sda, sector 1024', count: 2 }],
      },
    },
  },
] satisfies EventType[]

function words({ host = 'A host', data }: HubEvent): MessageWords {
  const [services, storages, network] = [list(data['services']), list(data['storages']), list(data['network'])]
  const others = list(data['others'])
  const [failed, pending] = [amount(data['failedCount']), amount(data['pendingCount'])]
  const count = failed + pending + services.length + storages.length + network.length + others.length
  const isCutShort = data['cutShort'] === true
  const issues = count === 0 ? '' : ` - ${count} issue(s) detected`
  const notes = list(data['notes'])
  const unknownCount = amount(data['unknownCount'])
  const isWell = count === 0 && !isCutShort && notes.length === 0 && unknownCount === 0
  const what = isCutShort ? `startup cut short${issues}` : count === 0 ? 'startup completed' : `startup${issues}`
  return {
    title: `${name(host)}: System ${what}`,
    icon: count === 0 && !isCutShort ? 'rocket' : 'warning',
    // Of one paragraph: each is short, and they belong together.
    lines: paragraph([
      ...(isWell ? ['All systems operational.'] : []),
      ...startedLine(data),
      ...list(data['failed']).map(
        (guest) => `${sort(guest)} failed: ${failedName(guest)} - ${said(guest['reason'], 200)}`,
      ),
      ...(pending === 0 ? [] : [`Not started yet: ${names(list(data['pending']).map(guestName), pending)}`]),
      ...(unknownCount === 0
        ? []
        : [
            `Not running, and their configuration cannot be read: ${names(list(data['unknown']).map(guestName), unknownCount)}`,
          ]),
      ...thingLine('Storage', 'unavailable', storages),
      ...thingLine('Services', 'failed', services),
      ...thingLine('Network', 'down', network),
      ...list(data['late']).map(
        (one) => `${said(one['name'], 80)} came after ${spanWords(amount(one['afterSeconds']) * 1000)}`,
      ),
      ...others.map((one) => `Still so: ${said(one['title'], 200)}`),
      ...noteLines(notes),
      ...(isCutShort ? [`It went down again within ${spanWords(amount(data['afterSeconds']) * 1000)}.`] : []),
      ...(data['previousClean'] === false ? ['The boot before did not end with a shutdown.'] : []),
    ]),
    fields: spans(data),
  }
}

function paragraph(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [lines.join('\n')]
}

/** "4 VMs and 3 CTs started: vm0 (100)... (+4 more)". */
function startedLine(data: JsonObject): string[] {
  const started = list(data['started'])
  const total = amount(data['startedCount'])
  if (total === 0) return []
  const vms = started.filter((guest) => guest['guest'] !== 'ct').length
  const cts = started.length - vms
  const parts = [
    ...(vms === 0 ? [] : [`${vms} ${vms === 1 ? 'VM' : 'VMs'}`]),
    ...(cts === 0 ? [] : [`${cts} ${cts === 1 ? 'CT' : 'CTs'}`]),
  ]
  const kinds = total > started.length ? `${total} guests` : parts.join(' and ')
  return [`${kinds} started: ${names(started.map(guestName), total)}`]
}

/** Up to five are named; of more, the first three. */
function names(all: readonly string[], total: number): string {
  const shown = total > 5 ? all.slice(0, 3) : all
  const more = total - shown.length
  return more > 0 ? `${shown.join(', ')}... (+${more} more)` : shown.join(', ')
}

function thingLine(title: string, state: string, things: readonly JsonObject[]): string[] {
  if (things.length === 0) return []
  return [
    `${title}: ${things.length} ${state} (${names(
      things.map((one) => said(one['name'], 80)),
      things.length,
    )})`,
  ]
}

/** The first few; what happened is no issue by itself. */
function noteLines(notes: readonly JsonObject[]): string[] {
  const lines = notes.slice(0, mostNotes).map(({ title, count }) => {
    const times = amount(count)
    return `Noted: ${said(title, 200)}${times > 1 ? ` (${times} times)` : ''}`
  })
  return notes.length > mostNotes ? [...lines, `Noted: ${notes.length - mostNotes} more`] : lines
}

const mostNotes = 5

function spans(data: JsonObject): MessageField[] {
  const field = (title: string, seconds: Json | undefined): MessageField[] =>
    typeof seconds === 'number' ? [{ name: title, value: bootWords(seconds) }] : []
  return [...field('Boot to last guest', data['bootSeconds']), ...field('Was down', data['downSeconds'])]
}

/** "3 min 12 s": of a boot, seconds are of interest. */
function bootWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60 || whole >= 3600 || whole % 60 === 0) return spanWords(whole * 1000)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

function guestName(guest: JsonObject): string {
  return `${said(guest['name'], 60)} (${amount(guest['id'])})`
}

/** One whose name nobody knows is called by its sort. */
function failedName(guest: JsonObject): string {
  const { name: given, id } = guest
  return typeof given === 'string' && given !== `ID ${amount(id)}` ? guestName(guest) : `${sort(guest)} ${amount(id)}`
}

function sort(guest: JsonObject): string {
  return guest['guest'] === 'ct' ? 'CT' : 'VM'
}

function name(host: string): string {
  return cutText(cleanLine(host), 60)
}

function said(value: Json | undefined, length: number): string {
  return typeof value === 'string' ? cutText(cleanLine(value), length) : '?'
}

function amount(value: Json | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

function list(value: Json | undefined): readonly JsonObject[] {
  if (!Array.isArray(value)) return []
  return (value as readonly Json[]).filter(
    (one): one is JsonObject => typeof one === 'object' && one !== null && !Array.isArray(one),
  )
}
