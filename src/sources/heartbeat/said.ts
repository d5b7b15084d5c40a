// Reads what a ping says out of its path, its query and its body: that all is well, unless it says something else.
import { jsonDepth } from '../../lib/json-depth.ts'
import { suggest } from '../../lib/suggest.ts'
import { cut, printable } from '../../lib/printable.ts'
import type { SourceRequest } from '../../source.ts'

export interface Said {
  readonly state: State
  readonly exitCode?: number
  readonly message?: string
  /** The end of it. */
  readonly log?: string
  /** There was more of it. */
  readonly logCut?: true
  readonly runId?: string
  readonly durationSeconds?: number
}

const states = ['start', 'ok', 'fail', 'log'] as const
export type State = (typeof states)[number]

/** Of a log, so much of its end is kept. */
export const keptBytes = 10_240
const messageLength = 1000
const runIdLength = 100
const mostDepth = 8

/** What is said in one place, by its own names; not checked yet. */
type Pairs = readonly (readonly [name: string, value: unknown])[]
type Fields = { readonly [Name in keyof Said | 'exit']?: unknown }

const fieldOf: { readonly [name: string]: keyof Said | 'exit' } = {
  state: 'state',
  exit: 'exit',
  exitCode: 'exit',
  message: 'message',
  log: 'log',
  runId: 'runId',
  rid: 'runId',
  durationSeconds: 'durationSeconds',
}

/** `word` is what stands in the path behind the name. A sentence when something cannot be understood: it must not pass for well. */
export async function readSaid(request: SourceRequest, word: string | undefined): Promise<Said | string> {
  const body = await readBody(request)
  if (typeof body === 'string') return body
  const fields: { -readonly [Name in keyof Fields]: Fields[Name] } = {}
  for (const [name, value] of [...readWord(word), ...request.query, ...body]) {
    const field = Object.hasOwn(fieldOf, name) ? fieldOf[name] : undefined
    if (field === undefined) return unknown(name)
    if (fields[field] !== undefined && plain(fields[field]) !== plain(value))
      return `${name} is said twice, as ${shown(fields[field])} and as ${shown(value)}; say it once.`
    fields[field] = value
  }
  return check(fields)
}

/** As other services of this sort have it: /start, /fail, /log or the exit code behind the name. */
function readWord(word: string | undefined): Pairs {
  if (word === undefined) return []
  return [[/^\d+$/.test(word) ? 'exit' : 'state', word]]
}

function check({ state, exit, message, log, runId, durationSeconds }: Fields): Said | string {
  const exitCode = exit === undefined ? undefined : readNumber(exit, /^-?\d{1,10}$/)
  if (exit !== undefined && exitCode === undefined)
    return `The exit code ${shown(exit)} is no whole number; in a shell it is $? right behind the command.`
  const given = state ?? (exitCode === undefined || exitCode === 0 ? 'ok' : 'fail')
  const known = states.find((one) => one === given)
  if (known === undefined) {
    const meant = typeof given === 'string' ? suggest(given, states) : undefined
    return `The state ${shown(given)} is not known${meant === undefined ? '' : `; did you mean ${meant}?`} There are ${states.join(', ')}.`
  }
  const seconds = durationSeconds === undefined ? undefined : readNumber(durationSeconds, /^\d{1,9}(\.\d{1,9})?$/)
  if (durationSeconds !== undefined && seconds === undefined)
    return `The duration ${shown(durationSeconds)} is no number of seconds.`
  for (const [name, value] of Object.entries({ message, log, runId }))
    if (value !== undefined && typeof value !== 'string') return `${name} must be a text, not ${shown(value)}.`
  if (typeof runId === 'string' && runId.length > runIdLength)
    return `runId is longer than ${runIdLength} characters; a UUID or a number will do.`
  return {
    state: known,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(seconds === undefined ? {} : { durationSeconds: seconds }),
    ...(typeof message !== 'string' || message === '' ? {} : { message: cut(message, messageLength) }),
    ...(typeof log !== 'string' || log === '' ? {} : endOf(log)),
    ...(typeof runId !== 'string' || runId === '' ? {} : { runId }),
  }
}

function readNumber(value: unknown, pattern: RegExp): number | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && pattern.test(text.trim()) ? Number(text) : undefined
}

/** The last lines of it. */
function endOf(log: string): Pick<Said, 'log' | 'logCut'> {
  const bytes = Buffer.from(log)
  if (bytes.byteLength <= keptBytes) return { log: log.toWellFormed() }
  // A character cut in two at the beginning decodes to U+FFFD, at most three of them.
  const end = bytes
    .subarray(-keptBytes)
    .toString()
    .replace(/^\ufffd{1,3}/, '')
  return { log: end, logCut: true }
}

async function readBody({ method, headers, body }: SourceRequest): Promise<Pairs | string> {
  if (method === 'GET' || method === 'HEAD' || body.byteLength === 0) return []
  const header = headers['content-type'] ?? ''
  const type = header.split(';')[0]?.trim().toLowerCase() ?? ''
  if (/[/+]json$/.test(type)) return readJson(body)
  if (type === 'multipart/form-data') return readMultipart(header, body)
  const text = new TextDecoder().decode(body)
  if (type !== 'application/x-www-form-urlencoded') return [['log', text]]
  // curl -d says that all it sends is a form: an object is JSON, pairs are a form, anything else is a log.
  if (/^\s*\{[^]*\}\s*$/.test(text)) {
    const read = readJson(body)
    return typeof read === 'string' ? [['log', text]] : read
  }
  return /^[\w.-]+=\S*$/.test(text.trim()) ? [...new URLSearchParams(text.trim())] : [['log', text]]
}

function readJson(body: Uint8Array): Pairs | string {
  if (jsonDepth(body) > mostDepth) return `The body is nested deeper than ${mostDepth} levels.`
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body))
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return 'The body is no JSON object; send {"state": "ok"}.'
    return Object.entries(value).filter(([, one]) => one !== null)
  } catch (error) {
    return `The body is no JSON, though its content type says so: ${error instanceof Error ? error.message.slice(0, 200) : ''}.`
  }
}

/** As `curl -F log=@file` sends it. */
async function readMultipart(type: string, body: Uint8Array): Promise<Pairs | string> {
  try {
    const form = await new Response(Buffer.from(body), { headers: { 'content-type': type } }).formData()
    const texts = [...form].map(
      async ([name, value]) => [name, typeof value === 'string' ? value : await value.text()] as const,
    )
    return await Promise.all(texts)
  } catch {
    return 'The body is no multipart form, though its content type says so.'
  }
}

function unknown(name: string): string {
  const meant = suggest(name, Object.keys(fieldOf))
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`
  return `${shown(name)} is not known here${hint} A ping may say ${Object.keys(fieldOf).join(', ')}; a log is sent as text/plain.`
}

/** 3 and "3" are the same. */
function plain(value: unknown): string {
  return JSON.stringify(typeof value === 'number' ? String(value) : value)
}

function shown(value: unknown): string {
  return cut(printable(JSON.stringify(value) ?? 'nothing'), 60)
}
