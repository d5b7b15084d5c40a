// Finds the hub that runs on a data folder (or at an address) and asks it over its API.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { JsonObject } from '../words.ts'
import { detailOf, Refusal } from './terminal.ts'

export interface HubOptions {
  /** The data folder. */
  readonly data: string
  /** Ask this address instead of looking into the folder. */
  readonly hub?: string
  readonly tokenFile?: string
}

export interface HubClient {
  readonly url: string
  /** The body of a 2xx answer. A refusal of the hub is thrown as `Refusal`, a hub that cannot be reached as `HubGone`. */
  get(path: string, query?: { readonly [name: string]: string | undefined }): Promise<unknown>
  post(path: string, body?: unknown, contentType?: string): Promise<unknown>
  delete(path: string): Promise<unknown>
}

/** Nothing listens there: whatever was asked has not been done. */
export class HubGone extends Refusal {}

/** No answer came; what was asked may have been done. */
export class HubSilent extends Refusal {}

/** The hub could not store what it was sent; it may later. */
export class HubBusy extends Refusal {}

/** Where a running hub says how to reach it, and the token that lets one in. */
export const hubFile = 'hub.json'
export const tokenFile = 'token'

/** Longer than the hub itself waits for the outcome of a channel test. */
const answerWithinMs = 40_000

/** Asks the hub that runs on the folder, or does the other thing when none does. One named by `--hub` must answer. */
export async function withHub<Result>(
  options: HubOptions,
  ask: (hub: HubClient) => Promise<Result>,
  otherwise: () => Promise<Result>,
): Promise<Result> {
  if (options.hub !== undefined) return ask(createClient(readUrl(options.hub), await readToken(options)))
  const running = await readHubFile(join(options.data, hubFile))
  if (running === undefined || !isAlive(running.pid)) return otherwise()
  try {
    return await ask(createClient(running.url, await readToken(options)))
  } catch (error) {
    // After a kill -9 the file may name a process that is another program by now.
    if (error instanceof HubGone) return otherwise()
    throw error
  }
}

/** For what only a running hub can do. */
export function needHub<Result>(
  options: HubOptions,
  purpose: string,
  ask: (hub: HubClient) => Promise<Result>,
): Promise<Result> {
  return withHub(options, ask, () => {
    throw new Refusal(
      `No hub runs on ${options.data}, and one is needed to ${purpose}. Start it with 'sereno run --data ${options.data}', or name another with --hub and --token-file.`,
    )
  })
}

function createClient(url: string, token: string): HubClient {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
  const ask = async (
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body = '',
    contentType?: string,
  ): Promise<unknown> => {
    const typed = contentType === undefined ? headers : { ...headers, 'content-type': contentType }
    return readAnswer(url, await request(new URL(path, url), method, typed, body))
  }
  return {
    url,
    get: (path, query = {}) => {
      const set = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
      return ask('GET', set.length === 0 ? path : `${path}?${new URLSearchParams(set).toString()}`)
    },
    delete: (path) => ask('DELETE', path),
    post: (path, body, contentType = 'application/json') =>
      body === undefined ? ask('POST', path) : ask('POST', path, JSON.stringify(body), contentType),
  }
}

interface Answer {
  readonly status: number
  readonly text: string
}

/** Not `fetch`: it refuses ports that browsers refuse, and costs more to load. */
async function request(
  url: URL,
  method: string,
  headers: { readonly [name: string]: string },
  body: string,
): Promise<Answer> {
  const { request: open } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  try {
    const signal = AbortSignal.timeout(answerWithinMs)
    const length = String(Buffer.byteLength(body))
    const asked = open(url, { method, headers: { ...headers, 'content-length': length }, agent: false, signal })
    asked.end(body)
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    return { status: answer.statusCode ?? 0, text: Buffer.concat(await answer.toArray()).toString('utf8') }
  } catch (error) {
    const late = error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
    const detail = late ? `it did not answer within ${answerWithinMs / 1000} s` : detailOf(error)
    const sentence = `The hub at ${url.origin} cannot be asked: ${detail}. Is it running, and is the address right?`
    const refused = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
    throw refused ? new HubGone(sentence, 1, { cause: error }) : new HubSilent(sentence, 1, { cause: error })
  }
}

function readAnswer(url: string, { status, text }: Answer): unknown {
  const body = parse(text)
  if (status >= 200 && status < 300 && body !== undefined) return body
  if (status === 401 || status === 403) {
    throw new Refusal(
      `The hub at ${url} does not accept the token. Name the right one with --token-file (the hub keeps its own in the file 'token' of its data folder).`,
    )
  }
  const said = sentenceOf(body)
  if (status === 503) throw new HubBusy(said ?? `The hub at ${url} cannot store anything now (503). Try again later.`)
  throw new Refusal(said ?? `The hub at ${url} answered ${status}, which no Sereno of this version does. Is it one?`)
}

/** The ways in which a hub says in its JSON what is wrong. */
function sentenceOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { error, message, invalid } = body as JsonObject
  if (typeof error === 'string') return error
  if (typeof message === 'string') return message
  if (!Array.isArray(invalid)) return undefined
  const reasons = (invalid as readonly { readonly message: string }[]).map((entry) => entry.message)
  return reasons.length === 0 ? undefined : `The hub refused it: ${reasons.join('; ')}`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function readUrl(text: string): string {
  const url = URL.parse(text)
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url.origin
  throw new Refusal(`--hub ${text} is no address; give one such as http://127.0.0.1:8723`, 2)
}

async function readToken(options: HubOptions): Promise<string> {
  const path = options.tokenFile ?? join(options.data, tokenFile)
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    throw new Refusal(
      `The token file ${path} cannot be read: ${detailOf(error)}. Run this as the hub's user, or name a file with --token-file.`,
      1,
      { cause: error },
    )
  }
}

async function readHubFile(path: string): Promise<{ url: string; pid: number } | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw new Refusal(`${path} cannot be read: ${detailOf(error)}. Run this as the hub's user.`, 1, { cause: error })
  })
  const body = text === undefined ? undefined : (parse(text) as { url?: unknown; pid?: unknown } | null | undefined)
  if (typeof body?.url !== 'string' || typeof body.pid !== 'number') return undefined
  return { url: body.url, pid: body.pid }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
