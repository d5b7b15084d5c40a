// The words of a report: which plan, each application in a row, what is the matter, what helps, what comes next. Times are in UTC.
import type { MessageWords } from '../../event-type.ts'
import { writeSize } from '../../lib/size.ts'
import { toFineSpan, toSpan } from '../../lib/span.ts'
import type { HubEvent, JsonObject } from '../../words.ts'
import { align, clock, day, minute, numberOf, objectOf, objectsOf, percent, textOf, textsOf, timeOf } from './read.ts'

const mostRows = 40
const mostRepositories = 10

export function tellReport(event: HubEvent): MessageWords {
  const { data } = event
  const outcome = textOf(data, 'outcome')
  const lines = textOf(data, 'notice') === '' ? reportLines(event) : noticeLines(data)
  return {
    title: event.title ?? `${planName(data)}: ${outcome || 'no outcome was given'}`,
    icon: icons[outcome] ?? 'warning',
    lines: lines.filter((line) => line !== ''),
  }
}

/** The repository of an application as a line: its short name, its state and why. */
export function repositoryLine(module: string, repository: JsonObject): string {
  const name = textOf(repository, 'name').replace(/([0-9a-f]{8})-[0-9a-f-]{20,}$/, '$1-...') || module
  const [state, message, holder] = ['state', 'message', 'holder'].map((field) => textOf(repository, field))
  const since = timeOf(repository, 'since')
  if (since !== undefined)
    return `Repository ${name}: ${state} since ${minute(since)}${holder === '' ? '' : ` by ${holder}`}`
  return `Repository ${name}: ${state}${message === '' ? '' : `. ${message}`}`
}

const icons: { readonly [outcome: string]: string } = {
  SUCCESS: 'white_check_mark',
  DISABLED: 'information_source',
  FAILED: 'rotating_light',
  REPO_FAILURE: 'rotating_light',
  MISSED: 'rotating_light',
}

function reportLines({ data, time }: HubEvent): string[] {
  const modules = objectsOf(data, 'modules')
  const repositories = modules.flatMap((module) => {
    const repository = objectOf(module, 'repository')
    const state = textOf(repository, 'state')
    return state === '' || state === 'OK' ? [] : [repositoryLine(textOf(module, 'id'), repository)]
  })
  const more = repositories.length - mostRepositories
  return [
    ...planAndTable(planLine(data, time), table(modules, time)),
    textsOf(data, 'reasons').join('\n'),
    [...repositories.slice(0, mostRepositories), ...(more > 0 ? [`… and ${more} more`] : [])].join('\n'),
    alertLines(data),
    nextLine(data),
    adviceLines(textsOf(data, 'advice')),
  ]
}

/** Channels keep the columns of what has several lines, so a single row goes below the plan, or a heading. */
function planAndTable(plan: string, rows: string): string[] {
  if (rows === '' || rows.includes('\n')) return [plan, rows]
  return [`${plan || 'Application:'}\n${rows}`]
}

function noticeLines(data: JsonObject): string[] {
  const reasons = textsOf(data, 'reasons')
  const alerts = alertLines(data, reasons)
  return [reasons.join('\n'), alerts]
}

function planName(data: JsonObject): string {
  const name = textOf(data, 'planName')
  const id = textOf(data, 'plan') || '?'
  return name === '' ? `Backup plan ${id}` : `Backup "${name}" (${id})`
}

function planLine(data: JsonObject, now: number): string {
  const id = textOf(data, 'plan')
  if (id === '') return ''
  const destination = objectOf(data, 'destination')
  const url = textOf(destination, 'url')
  const name = textOf(data, 'planName')
  const where = textOf(destination, 'name')
  const parts = [
    `Plan ${id}${name === '' ? '' : ` "${name}"`}${where === '' ? '' : ` -> ${where}${url === '' ? '' : ` (${url})`}`}`,
    ...runWords(data, now),
  ]
  return parts.join(', ')
}

function runWords(data: JsonObject, now: number): string[] {
  const [due, byHand, ended, deadline] = ['due', 'startedByHand', 'ended', 'deadline'].map((name) => timeOf(data, name))
  const began = byHand ?? due
  const words: string[] = []
  if (byHand !== undefined) words.push(`started by hand ${minute(byHand)} UTC`)
  else if (due !== undefined) words.push(`due ${minute(due)} UTC`)
  if (data['provisional'] === true) return [...words, 'still on']
  if (ended !== undefined) {
    const date = began !== undefined && day(began) === day(ended) ? '' : `${day(ended)} `
    words.push(`ended ${date}${clock(ended)} UTC`)
  } else if (deadline !== undefined && deadline <= now) words.push(`given up ${minute(deadline)} UTC`)
  // One of which nothing has shown up in time counts as missed before its deadline.
  else if (textOf(data, 'outcome') === 'MISSED') words.push(`nothing had started by ${minute(now)} UTC`)
  return words
}

/** Where there are too many, those that are not well come first. */
function table(modules: readonly JsonObject[], now: number): string {
  const isWell = (module: JsonObject) => (textOf(module, 'verdict') === 'OK' ? 1 : 0)
  const sorted = modules.length > mostRows ? modules.toSorted((a, b) => isWell(a) - isWell(b)) : modules
  const sizes = sorted.map((module) => sizeOf(module).length)
  const width = Math.max(0, ...sizes)
  const rows = sorted
    .slice(0, mostRows)
    .map((module) => [
      textOf(module, 'verdict'),
      nameOf(module),
      `node ${textOf(module, 'node') || '?'}`,
      spanOf(module),
      resultOf(module, width, now),
    ])
  const more = modules.length - rows.length
  return `${align(rows, [2, 2, 2, 3])}${more > 0 ? `\n… and ${more} more` : ''}`
}

function nameOf(module: JsonObject): string {
  const uiName = textOf(module, 'uiName')
  return `${textOf(module, 'id')}${uiName === '' ? '' : ` (${uiName.slice(0, 30)})`}`
}

const withoutRun: { readonly [verdict: string]: string } = {
  PENDING: 'not yet',
  STALE: 'no new run',
  NEVER_RUN: 'never',
  UNREADABLE: 'unreadable',
}

function spanOf(module: JsonObject): string {
  const [start, end] = [timeOf(module, 'start'), timeOf(module, 'end')]
  if (start === undefined || end === undefined) return withoutRun[textOf(module, 'verdict')] ?? ''
  return `${clock(start)}-${clock(end)} (${toFineSpan(end - start)})`
}

function resultOf(module: JsonObject, width: number, now: number): string {
  const verdict = textOf(module, 'verdict')
  const savedAt = timeOf(module, 'savedAt')
  if (verdict === 'DEGRADED' && savedAt !== undefined) return `data saved: ${minute(savedAt)}`
  if (verdict === 'OK') {
    const change = numberOf(module, 'sizeChange')
    return `${sizeOf(module).padEnd(width)}${change === undefined ? '' : ` (${percent(change)})`}`
  }
  const lastGoodAt = timeOf(module, 'lastGoodAt')
  if (lastGoodAt === undefined) return 'last good: not known'
  return `last good: ${minute(lastGoodAt)} (${toSpan(now - lastGoodAt)} ago)`
}

function sizeOf(module: JsonObject): string {
  const bytes = numberOf(module, 'sizeBytes')
  return bytes === undefined ? '' : writeSize(bytes)
}

/** An alert in its own words, so that it is not lost where nothing else can be said. */
function alertLines(data: JsonObject, said: readonly string[] = []): string {
  const lines = objectsOf(data, 'alerts').map((alert) => {
    const node = textOf(alert, 'node')
    const startsAt = timeOf(alert, 'startsAt')
    const words = textOf(alert, 'text')
    return [
      `Alert ${textOf(alert, 'alertname')}`,
      node === '' ? '' : ` on node ${node}`,
      startsAt === undefined ? '' : ` since ${minute(startsAt)} UTC`,
      words === '' || said.includes(words) ? '' : `: ${words}`,
    ].join('')
  })
  return lines.join('\n')
}

function nextLine(data: JsonObject): string {
  const [next, since] = [timeOf(data, 'nextDueAt'), timeOf(data, 'incidentSince')]
  const runs = numberOf(data, 'failedRuns')
  const words: string[] = []
  if (next !== undefined) words.push(`Next run ${minute(next)} UTC.`)
  if (since !== undefined)
    words.push(`First failure of this incident: ${day(since)}${runs === undefined ? '' : ` (${runs} in a row)`}.`)
  return words.join(' ')
}

export function adviceLines(advice: readonly string[]): string {
  return advice.length === 0 ? '' : ['What helps, when no backup is running:', ...advice].join('\n')
}
