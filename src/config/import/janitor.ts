// Turns the YAML files of a Janitor into a configuration of ours, and says of each thing that it could not take why.
import { parseDocument } from 'yaml'
import { isMapping } from '../named.ts'
import type { Json, JsonObject } from '../../words.ts'
import { readChannels } from './janitor-accounts.ts'
import { readSchedules } from './janitor-schedules.ts'

export interface Imported {
  /** As it would stand in `sereno.yaml`. */
  readonly config: JsonObject
  /** What was not taken over, or taken otherwise, one sentence each. */
  readonly remarks: readonly string[]
}

/** One of its files, as text. */
export interface JanitorFile {
  readonly name: string
  readonly text: string
}

/** Files in the order in which Janitor reads them: main.yaml first, later ones win. Throws with a sentence for one that cannot be read. */
export function importJanitor(files: readonly JanitorFile[]): Imported {
  const settings = files.map(readFile).reduce(merge, {})
  const remarks: string[] = []
  const note = (remark: string): void => void remarks.push(remark)
  const { channels, names } = readChannels(mappingAt(settings, 'mastodon', 'named_accounts'), note)
  const { sources, watches } = readSchedules(listAt(settings, 'schedules'), note)
  const limits = readThresholds(mappingAt(settings, 'system_info', 'thresholds'), note)
  noteRest(settings, note)
  const to = names.length > 0 ? names.slice(0, 1) : ['console']
  const dryRun = mappingAt(settings, 'app', 'run_control')['dry_run'] === true
  const config: JsonObject = {
    hub: { ...readListen(mappingAt(settings, 'app', 'service', 'listen'), note), ...(dryRun ? { dryRun: true } : {}) },
    sources: {
      ...sources,
      sysinfo: { kind: 'sysinfo', open: loopback },
      message: { kind: 'message', open: loopback },
    },
    watches: {
      ...(limits === undefined ? {} : { limits: { kind: 'thresholds', limits } }),
      presence: { kind: 'absence' },
      ...watches,
    },
    channels: names.length > 0 ? channels : { console: { kind: 'console' } },
    rules: [
      { name: 'hosts', on: 'host.*', remind: '6h', to },
      { name: 'messages', on: 'message', to },
      { name: 'trouble', on: 'sereno.*', where: 'severity!="info"', to },
    ],
  }
  if (dryRun) note('app.run_control.dry_run is on: taken over as hub.dryRun, so nothing is sent until you remove it.')
  return { config, remarks }
}

const loopback = ['127.0.0.0/8', '::1/128']

/** Of a key given twice the last counts, as Janitor has it. */
function readFile({ name, text }: JanitorFile): JsonObject {
  const document = parseDocument(text, { uniqueKeys: false, logLevel: 'silent' })
  const [mistake] = document.errors
  if (mistake !== undefined)
    throw new Error(`${name} is no YAML: ${(mistake.message.split('\n')[0] ?? '').replace(/:$/, '')}`)
  const value = document.toJS({ maxAliasCount: 100 }) as Json | undefined
  if (value == null) return {}
  if (isMapping(value)) return value
  // A list at the top is what Janitor's schedules are.
  if (Array.isArray(value)) return { schedules: value }
  throw new Error(`${name} holds neither settings nor a list`)
}

function merge(one: JsonObject, other: JsonObject): JsonObject {
  const merged: { [key: string]: Json } = { ...one }
  for (const [key, value] of Object.entries(other)) {
    const before = merged[key]
    merged[key] = isMapping(value) && isMapping(before) ? merge(before, value) : value
  }
  return merged
}

function readListen(listen: JsonObject, note: (remark: string) => void): JsonObject {
  const { host, port, debug } = listen
  if (debug === true) note('app.service.listen.debug is left out: it lets whoever can connect run programs.')
  if (typeof port !== 'number' && typeof host !== 'string') return {}
  const number = typeof port === 'number' ? port : 5000
  const isHere = host === 'localhost' || (typeof host === 'string' && /^(127\.|::1$)/.test(host))
  if (!isHere) {
    note(
      `app.service.listen.host ${typeof host === 'string' ? host : 'as given'} takes posts from anybody who can connect, and posts in your name. This listens on 127.0.0.1 only; ` +
        'for your other hosts give hub.listen their network and hub.tls (or insecure: true), and their addresses in `open` of sysinfo and message.',
    )
  }
  return { listen: `127.0.0.1:${number}` }
}

const severityOf: { readonly [type: string]: string } = {
  none: 'info',
  info: 'info',
  warning: 'warning',
  error: 'error',
  alarm: 'critical',
  alert: 'critical',
}

/** Janitor's `value` is a limit that is passed by more than it; its `message_type` is our severity. */
function readThresholds(thresholds: JsonObject, note: (remark: string) => void): JsonObject | undefined {
  const limits: { [metric: string]: Json } = {}
  for (const [metric, given] of Object.entries(thresholds)) {
    const value = isMapping(given) ? given['value'] : undefined
    const type = isMapping(given) ? (given['message_type'] ?? 'warning') : 'warning'
    const severity = typeof type === 'string' && Object.hasOwn(severityOf, type) ? severityOf[type] : undefined
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      note(`system_info.thresholds.${metric} has no number as its value: left out.`)
      continue
    }
    if (severity === undefined)
      note(`system_info.thresholds.${metric}.message_type ${JSON.stringify(type)} is none: taken as warning.`)
    limits[metric] = { above: value, severity: severity ?? 'warning' }
  }
  return Object.keys(limits).length === 0 ? undefined : limits
}

/** Where Janitor keeps something that Sereno has no place for, or does by itself. */
const rest: readonly (readonly [path: readonly string[], remark: string])[] = [
  [
    ['app', 'service', 'remote_url'],
    'is for hosts that send: run `sereno agent --hub URL` there, or keep Janitor: POST /sysinfo answers it.',
  ],
  [['logger'], 'is left out: Sereno logs JSON lines to its standard output, which the journal keeps.'],
  [['queue_storage'], 'is left out: what waits to be sent is in the store, and none of it is lost.'],
  [['publisher'], 'is left out: messages go out one after the other by themselves.'],
  [['formatter'], 'is left out: texts of your own are `templates`, see docs/reference.md.'],
  [
    ['system_info', 'formatting'],
    'is left out: names, units and icons are built in; texts of your own are `templates`.',
  ],
  [['git_monitor'], 'is left out: Sereno does not watch repositories. A script can post what it finds to /message.'],
  [['directnic_ddns'], 'is left out: Sereno updates no names. A script can do it and post to /message.'],
]

function noteRest(settings: JsonObject, note: (remark: string) => void): void {
  for (const [path, remark] of rest) {
    const place = path
      .slice(0, -1)
      .reduce<Json | undefined>((at, key) => (isMapping(at) ? at[key] : undefined), settings)
    const value = isMapping(place) ? place[path.at(-1) ?? ''] : undefined
    if (value !== undefined) note(`${path.join('.')} ${remark}`)
  }
  const known = new Set([
    'app',
    'logger',
    'queue_storage',
    'publisher',
    'formatter',
    'mastodon',
    'system_info',
    'schedules',
  ])
  const others = new Set(rest.map(([[first]]) => first ?? ''))
  for (const key of Object.keys(settings)) {
    if (!known.has(key) && !others.has(key)) note(`${key} is unknown: left out.`)
  }
}

function mappingAt(settings: JsonObject, ...path: readonly string[]): JsonObject {
  let value: Json = settings
  for (const key of path) value = isMapping(value) ? (value[key] ?? {}) : {}
  return isMapping(value) ? value : {}
}

function listAt(settings: JsonObject, key: string): readonly Json[] {
  const value = settings[key]
  return Array.isArray(value) ? value : []
}
