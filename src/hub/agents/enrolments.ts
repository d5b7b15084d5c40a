// Which hosts may report: codes that let one in once, and the tokens made with them, as hashes in a file of the data folder.
import { hash, randomBytes } from 'node:crypto'
import { readFileSync, renameSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { AccessToken } from '../../http/auth.ts'
import { writeDurably } from '../../lib/durable-file.ts'
import { sourceName } from '../../source-agent.ts'

/** One host that was asked to enrol. */
export interface Enrolment {
  readonly name: string
  /** Hash of the code. */
  readonly code?: string
  /** Good only for the token that was made with it, whose owner may not have heard the answer. */
  readonly codeUsed?: boolean
  readonly codeExpiresAt?: number
  /** Hash of the token. */
  readonly token?: string
  readonly enrolledAt?: number
  readonly host?: string
  readonly machineId?: string
  readonly revokedAt?: number
}

export interface Enrolments {
  list(): readonly Enrolment[]
  /** What lets in, whether in time or not: that is for the gate to judge. */
  tokens(): readonly AccessToken[]
  /** A new code for a name; a token it has stays good until the code is used. */
  invite(name: string, lifeMs: number): Promise<{ readonly code: string; readonly expiresAt: number }>
  /** Takes a token in by a code. Again with the same token is well; with another one it is refused. */
  enrol(name: string, given: Given): Promise<EnrolmentResult>
  /** False: there is none of that name, or nothing to change. */
  revoke(name: string): Promise<boolean>
  restore(name: string): Promise<boolean>
}

export interface Given {
  readonly token: string
  readonly host?: string
  readonly machineId?: string
}

export type EnrolmentResult =
  | { readonly ok: true; readonly twins: readonly string[] }
  | { readonly ok: false; readonly error: string }

export interface EnrolmentTools {
  readonly folder: string
  now(): number
  /** After each change. */
  changed(): void
  /** The file could not be read; it was set aside. */
  damaged(setAside: string): void
}

export const enrolmentFile = 'agents.json'
/** Tokens by codes are the owner's to keep; more is a mistake in a script. */
const mostAgents = 20_000
const usedBefore = 'This code was used already, with another token; make a new one with: sereno hosts enrol NAME'

export function openEnrolments({ folder, now, changed, damaged }: EnrolmentTools): Enrolments {
  const path = join(folder, enrolmentFile)
  const known = new Map(read(path, now, damaged).map((one) => [one.name, one]))
  let writing: Promise<unknown> = Promise.resolve()

  /** On disk before anybody is told. */
  function change<T>(act: () => { readonly result: T; readonly next?: Enrolment }): Promise<T> {
    const turn = writing.then(async () => {
      const { result, next } = act()
      if (next === undefined) return result
      const after = new Map(known).set(next.name, next)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeDurably(path, `${JSON.stringify({ v: 1, agents: [...after.values()] }, null, 1)}\n`, { mode: 0o600 })
      known.set(next.name, next)
      changed()
      return result
    })
    writing = turn.catch(() => {})
    return turn
  }

  return {
    list: () => [...known.values()],
    tokens: () => [...known.values()].flatMap(toTokens),
    invite: (name, lifeMs) =>
      change(() => {
        const before = known.get(name)
        if (before === undefined && known.size >= mostAgents) throw new Error(`${mostAgents} agents are the most`)
        // Hexadecimal: one that begins with a hyphen would be taken for an option.
        const code = randomBytes(20).toString('hex')
        const expiresAt = now() + lifeMs
        return {
          result: { code, expiresAt },
          next: { ...before, name, code: digestOf(code), codeUsed: false, codeExpiresAt: expiresAt },
        }
      }),
    enrol: (name, { token, host, machineId }) =>
      change<EnrolmentResult>(() => {
        const before = known.get(name)
        const digest = digestOf(token)
        if (before?.code === undefined) return { result: { ok: false, error: 'This code is no longer known.' } }
        if (before.codeUsed === true && before.token === digest) return { result: { ok: true, twins: [] } }
        if (before.codeUsed === true) return { result: { ok: false, error: usedBefore } }
        const twins = [...known.values()].filter((one) => one.machineId === machineId && one.name !== name)
        const { revokedAt: _revoked, ...rest } = before
        return {
          result: { ok: true, twins: machineId === undefined ? [] : twins.map((one) => one.name) },
          next: {
            ...rest,
            codeUsed: true,
            token: digest,
            enrolledAt: now(),
            ...(host === undefined ? {} : { host }),
            ...(machineId === undefined ? {} : { machineId }),
          },
        }
      }),
    revoke: (name) =>
      change(() => {
        const before = known.get(name)
        if (before === undefined || before.revokedAt !== undefined) return { result: false }
        const { code: _code, codeExpiresAt: _until, ...rest } = before
        return { result: true, next: { ...rest, revokedAt: now() } }
      }),
    restore: (name) =>
      change(() => {
        const before = known.get(name)
        if (before?.revokedAt === undefined || before.token === undefined) return { result: false }
        const { revokedAt: _revoked, ...rest } = before
        return { result: true, next: rest }
      }),
  }
}

/** What is wrong with a name, or undefined. */
export function nameProblem(name: string, taken: readonly string[]): string | undefined {
  if (!sourceName.test(name)) return `"${name}" is no name for an agent; use letters, digits, . _ and -`
  if (taken.includes(name)) return `"${name}" is the name of a token of the configuration; choose another`
  return undefined
}

function toTokens({ name, code, codeExpiresAt, token, revokedAt }: Enrolment): AccessToken[] {
  const tokens: AccessToken[] = []
  if (code !== undefined && codeExpiresAt !== undefined)
    tokens.push({ name, digest: code, sources: [], enrols: true, expiresAt: codeExpiresAt })
  if (token !== undefined && revokedAt === undefined) tokens.push({ name, digest: token, sources: [`${name}/*`] })
  return tokens
}

function read(path: string, now: () => number, damaged: (setAside: string) => void): Enrolment[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  try {
    const { agents } = JSON.parse(text) as { readonly agents: readonly Enrolment[] }
    return agents.filter(({ name }) => sourceName.test(name))
  } catch {
    const aside = `${path}.damaged-${new Date(now()).toISOString().slice(0, 10)}`
    renameSync(path, aside)
    damaged(aside)
    return []
  }
}

function digestOf(text: string): string {
  return hash('sha256', text, 'base64url')
}
