// `sereno report start|finish|run NAME`: tells the Hyper-V host, and the hub, of a stage of work; neither needs the other.
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { cloudInitPrefix, encodeAsCloudInit, type Generation, generations } from '../lib/kvp/cloud-init.ts'
import { encodeEvent } from '../lib/kvp/encode.ts'
import type { KvpEvent, Result, Writer } from '../lib/kvp/event.ts'
import { findLocks } from '../lib/kvp/locks.ts'
import { createReporter } from '../lib/kvp/reporter.ts'
import { bootFolder } from '../lib/runtime-folder.ts'
import type { JsonObject, Severity } from '../words.ts'
import { readAttached } from './attached.ts'
import { dataFolder } from './data-folder.ts'
import type { HubOptions } from './hub-client.ts'
import { handOver, toSentence } from './send.ts'
import { closeStage, fileOf, fullName, noteChild, openStage, uptime, worst, type Child } from './stages.ts'
import { detailOf, Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface ReportOptions extends Partial<HubOptions> {
  /** A file, or false: none. Absent: the guest's own pool, where there is one. */
  readonly pool?: string | false
  /** The version of cloud-init whose records are written. */
  readonly compat?: string
  readonly host?: string
  readonly origin?: string
  readonly message?: string
  readonly result?: string
  readonly file?: readonly string[]
  /** Also as a line on standard error. */
  readonly print?: boolean
  readonly json?: boolean
}

/** What is told of a stage. */
export interface Report {
  readonly event: KvpEvent & { readonly type: 'start' | 'finish' }
  readonly exitCode?: number
  readonly children?: readonly Child[]
  readonly files?: readonly JsonObject[]
}

/** What became of a report in one of the places it was told. */
export interface Told {
  readonly where: 'pool' | 'hub' | 'spool'
  readonly ok: boolean
  readonly detail: string
}

export const guestPool = '/var/lib/hyperv/.kvp_pool_1'
/** A full disk or a busy pool may be better by then; a script need not wait longer. */
const poolDeadlineMs = 2000

export async function reportStart(name: string, options: ReportOptions, terminal: Terminal): Promise<ExitCode> {
  const full = checkName(fullName(name))
  openStage(fileOf(full), full)
  const event = { type: 'start', name: full, description: options.message ?? '', at: Date.now() } as const
  return sayTold(await tell({ event }, options, terminal), options, terminal)
}

export async function reportFinish(name: string, options: ReportOptions, terminal: Terminal): Promise<ExitCode> {
  const full = checkName(fullName(name))
  const own = readResult(options.result ?? 'SUCCESS')
  const files = await readAttached(options.file ?? [])
  const stage = closeStage(fileOf(full), full)
  const took = stage.uptimeSeconds === undefined ? undefined : Math.max(0, uptime() - stage.uptimeSeconds)
  return finishStage(full, own, took, { ...options, message: options.message ?? '' }, terminal, stage.children, {
    files,
  })
}

/** Tells how a stage has ended, and its parent as well. */
export async function finishStage(
  name: string,
  own: Result,
  durationSeconds: number | undefined,
  options: ReportOptions & { readonly message: string },
  terminal: Terminal,
  children: readonly Child[],
  more: Pick<Report, 'files' | 'exitCode'>,
): Promise<ExitCode> {
  const result = worst(own, children)
  const took = durationSeconds === undefined ? {} : { durationSeconds: Math.round(durationSeconds * 1000) / 1000 }
  const event = {
    type: 'finish',
    name,
    description: describe(options.message, own, result, children),
    at: Date.now(),
  } as const
  noteChild({ name, result, ...took })
  return sayTold(
    await tell({ event: { ...event, result, ...took }, children, ...more }, options, terminal),
    options,
    terminal,
  )
}

/** Each place is told by itself: what one cannot take, the others hear all the same. */
export async function tell(report: Report, options: ReportOptions, terminal: Terminal): Promise<readonly Told[]> {
  const compat = readCompat(options.compat)
  if (options.print === true) terminal.error(asLine(report.event))
  const pool = poolOf(options)
  const told = pool === undefined ? undefined : await tellPool(pool, report.event, compat)
  const poolAlone = typeof options.pool === 'string' && options.data === undefined && options.hub === undefined
  const first = told === undefined ? [] : [told]
  return poolAlone ? first : [...first, await tellHub(report, options, told?.ok === true ? pool : undefined)]
}

export function sayTold(told: readonly Told[], options: ReportOptions, terminal: Terminal): ExitCode {
  for (const { ok, detail } of told) if (!ok) terminal.error(`sereno: ${detail}`)
  if (options.json === true) terminal.out(JSON.stringify(told))
  else for (const { ok, detail } of told) if (ok) terminal.out(detail)
  return told.every(({ ok }) => ok) ? 0 : 1
}

export function checkName(name: string): string {
  if (name.trim() !== '' && name.length <= 1024 && !/\p{Cc}/u.test(name)) return name
  throw new Refusal('the name of a stage is a text of 1 to 1024 characters, such as boot/network', 2)
}

async function tellPool(path: string, event: KvpEvent, compat: Generation | undefined): Promise<Told> {
  const found = await findLocks()
  const where = 'pool'
  const warnings: string[] = []
  await using reporter = createReporter({
    path,
    ...(compat === undefined
      ? { prefix: 'SERENO', encode: encodeEvent }
      : {
          prefix: cloudInitPrefix,
          encode: (one: KvpEvent, writer: Writer, uuid: string) => encodeAsCloudInit(one, writer, uuid, compat),
        }),
    locks: found.ok ? found.locks : undefined,
    markerFolder: bootFolder('sereno'),
    lockWaitMs: poolDeadlineMs / 2,
    now: Date.now,
    warn: (message) => warnings.push(message),
  })
  reporter.publish(event)
  const { waiting, detail = 'in time' } = await reporter.flush(poolDeadlineMs)
  const [lost] = waiting > 0 ? [detail] : reporter.status.written === 0 ? warnings : []
  if (lost !== undefined)
    return { where, ok: false, detail: `The pool was not written: ${lost}${lost.endsWith('?') ? '' : '.'}` }
  await reporter.settle()
  const unlocked = found.ok ? '' : ` Without locks, which could not be loaded: ${found.detail}.`
  return { where, ok: true, detail: `Written to ${path}.${unlocked}` }
}

/** The hub hears which pool has it already: the host need not be told of it by two. */
async function tellHub(report: Report, options: ReportOptions, pool: string | undefined): Promise<Told> {
  try {
    const data = options.data ?? (await dataFolder())
    const said = await handOver(
      { ...toCloudEvent(report, options), ...(pool === undefined ? {} : { pool }) },
      { ...options, data },
    )
    return { where: said.sent ? 'hub' : 'spool', ok: true, detail: toSentence(said) }
  } catch (error) {
    return { where: 'hub', ok: false, detail: error instanceof Refusal ? error.message : `${detailOf(error)}.` }
  }
}

function toCloudEvent({ event, exitCode, children = [], files = [] }: Report, options: ReportOptions): JsonObject {
  const { type, name, description, result, durationSeconds, at } = event
  const host = options.host ?? hostname()
  return {
    specversion: '1.0',
    id: randomUUID(),
    source: `urn:sereno:report:${encodeURIComponent(host)}`,
    type: `report.${type}`,
    time: new Date(at).toISOString(),
    host,
    subject: name,
    severity: severities[result ?? 'SUCCESS'],
    datacontenttype: 'application/json',
    data: {
      name,
      description,
      ...(options.origin === undefined ? {} : { origin: options.origin }),
      ...(result === undefined ? {} : { result }),
      ...(durationSeconds === undefined ? {} : { durationSeconds }),
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(children.length === 0 ? {} : { children: children.map((child) => ({ ...child })) }),
      ...(files.length === 0 ? {} : { files }),
    },
  }
}

const severities: { readonly [result in Result]: Severity } = { SUCCESS: 'info', WARN: 'warning', FAIL: 'error' }

/** The guest's own pool is written where there is one; a pool that is named, in any case. */
function poolOf({ pool }: ReportOptions): string | undefined {
  if (pool === false) return undefined
  if (pool !== undefined) return pool
  return existsSync(dirname(guestPool)) ? guestPool : undefined
}

/** A stage that did well itself says which of its parts did not. */
function describe(message: string, own: Result, result: Result, children: readonly Child[]): string {
  if (own === result) return message
  const names = children.filter((child) => child.result === result).map(({ name }) => name)
  const more = names.length > 3 ? ` and ${names.length - 3} more` : ''
  const note = `${result}: ${names.slice(0, 3).join(', ')}${more}`
  return message === '' ? note : `${message}\n${note}`
}

function readCompat(text: string | undefined): Generation | undefined {
  const found = generations.find((known) => known === text)
  if (text !== undefined && found === undefined)
    throw new Refusal(`--compat ${text} is none; there are ${generations.join(', ')}`, 2)
  return found
}

function readResult(text: string): Result {
  const found = (['SUCCESS', 'WARN', 'FAIL'] as const).find((known) => known === text.toUpperCase())
  if (found === undefined) throw new Refusal(`--result ${text} is none; there are success, warn, fail`, 2)
  return found
}

/** As cloud-init prints them. */
function asLine({ type, name, result, description, durationSeconds }: KvpEvent): string {
  if (type === 'start') return `start: ${name}: ${description}`
  const took = durationSeconds === undefined ? '' : ` (duration: ${durationSeconds}s)`
  return `finish: ${name}: ${result ?? 'SUCCESS'}: ${description}${took}`
}
