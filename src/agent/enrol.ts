// Turns a code into a token: once, however often the answer is lost on its way.
import { hash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { writeDurably } from '../lib/durable-file.ts'
import type { HttpAnswer, HttpRequest } from '../lib/http.ts'
import type { Log } from '../source.ts'
import { enrolPath } from '../source-agent.ts'

export interface EnrolOptions {
  readonly hub: string
  readonly code: string
  /** The agent's folder, in which the token is kept as `token`. */
  readonly folder: string
  readonly about: { readonly host: string; readonly machineId?: string }
  request(request: HttpRequest): Promise<HttpAnswer>
  readonly signal: AbortSignal
  readonly log: Log
}

export const tokenFile = 'token'
const draftFile = 'token.new'
/** The hash of the code that the token was made with. */
const codeFile = 'token.code'
const retryMs = 5000

/** Resolves when the token is there. Throws a sentence when the hub does not take the code. */
export async function enrol({ hub, code, folder, about, request, signal, log }: EnrolOptions): Promise<void> {
  const [token, draft, mark] = [tokenFile, draftFile, codeFile].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const used = hash('sha256', code, 'base64url')
  // Started again with the same command line, as by a unit file.
  if (readText(mark) === used && readText(token) !== undefined) return
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const known = readText(draft)
  const mine = known?.split(' ')[1] === used ? known.split(' ')[0] : undefined
  const secret = mine ?? randomBytes(32).toString('base64url')
  if (mine === undefined) await writeDurably(draft, `${secret} ${used}\n`, { mode: 0o600 })
  for (let tries = 0; !signal.aborted; tries += 1) {
    const answer = await request({
      url: hub + enrolPath,
      headers: { authorization: `Bearer ${code}`, 'content-type': 'application/json' },
      body: JSON.stringify({ token: secret, ...about }),
      signal,
    })
    if (answer.answered && answer.status === 201) {
      await writeDurably(token, `${secret}\n`, { mode: 0o600 })
      await writeDurably(mark, `${used}\n`, { mode: 0o600 })
      rmSync(draft, { force: true })
      log.info(`enrolled at ${hub}; the token is in ${token}`)
      return
    }
    if (answer.answered && [400, 401, 403, 404, 409].includes(answer.status)) {
      throw new Error(`the hub at ${hub} does not take the code (${answer.status}): ${sentenceOf(answer.body)}`)
    }
    const detail = answer.answered ? `it answered ${answer.status}` : answer.detail
    if (tries === 0) log.warn(`the hub at ${hub} cannot be asked to enrol this host: ${detail}; it is tried again`)
    await wait(retryMs, undefined, { signal }).catch(() => {})
  }
}

/** Throws a sentence when there is none. */
export function readToken(path: string): string {
  const text = readText(path)
  if (text === undefined || text === '') {
    throw new Error(`there is no token in ${path}; enrol this host, or name the file with --token-file`)
  }
  return text
}

/** Whether others on this machine may read it. */
export function isShared(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

function sentenceOf(body: string): string {
  try {
    const { error } = JSON.parse(body) as { readonly error?: unknown }
    return typeof error === 'string' ? error : 'it does not say why'
  } catch {
    return 'it does not say why'
  }
}
