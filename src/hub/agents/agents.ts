// The hub's agents: who they are, the door they report at, and letting hosts in and out.
import type { Ask } from '../../engine/draft.ts'
import type { AccessToken } from '../../http/auth.ts'
import type { AgentView } from '../../http/api-agents.ts'
import type { MountedRoute } from '../../http/door.ts'
import type { SourceRequest, SourceResponse } from '../../source.ts'
import { enrolPath } from '../../source-agent.ts'
import type { AgentFacts } from './agent.ts'
import { type AgentDoorTools, createAgentDoor } from './door.ts'
import { type Enrolment, nameProblem, openEnrolments } from './enrolments.ts'
import { isHost, readObject } from './read-post.ts'

export interface Agents {
  readonly routes: readonly MountedRoute[]
  /** All that let in: the hub's own, those of the config, those of enrolled hosts. */
  tokens(): readonly AccessToken[]
  ask(one: Ask): void
  list(): readonly AgentView[]
  invite(name: string, lifeMs: number): Promise<Invited>
  revoke(name: string): Promise<boolean>
  restore(name: string): Promise<boolean>
  stop(): void
}

export type Invited =
  | { readonly ok: true; readonly code: string; readonly expiresAt: number }
  | { readonly ok: false; readonly message: string }

export interface AgentsTools extends Omit<AgentDoorTools, 'token'> {
  /** The data folder. */
  readonly folder: string
  /** The hub's first token and those of the config in force. */
  configured(): readonly AccessToken[]
  /** Other tokens let in from now on. */
  changed(): void
}

const leastToken = 32
const mostToken = 200

export function createAgents(tools: AgentsTools): Agents {
  const { log, now } = tools
  let known: { readonly all: readonly AccessToken[]; readonly byName: ReadonlyMap<string, AccessToken> } | undefined
  let from: readonly AccessToken[] | undefined
  const enrolments = openEnrolments({
    folder: tools.folder,
    now,
    changed() {
      known = undefined
      tools.changed()
    },
    damaged: (setAside) =>
      log.error('the file of enrolled agents could not be read: they are turned away until they enrol again', {
        setAside,
      }),
  })

  function tokens(): NonNullable<typeof known> {
    const configured = tools.configured()
    if (known !== undefined && from === configured) return known
    const taken = new Set(configured.map(({ name }) => name))
    const all = [...configured, ...enrolments.tokens().filter(({ name }) => !taken.has(name))]
    from = configured
    known = { all, byName: new Map(all.filter(({ enrols }) => enrols !== true).map((one) => [one.name, one])) }
    return known
  }

  async function enrol({ by, body }: SourceRequest): Promise<SourceResponse> {
    const given = readObject(body)
    if (typeof given === 'string') return { status: 400, body: { error: given } }
    if (by === undefined) return { status: 401, body: { error: 'A host enrols with a code.' } }
    const { token, host, machineId } = given
    if (typeof token !== 'string' || !/^[\w-]+$/.test(token) || token.length < leastToken || token.length > mostToken) {
      const error = `"token" must be ${leastToken} to ${mostToken} random characters of A-Z, a-z, 0-9, _ and -.`
      return { status: 400, body: { error } }
    }
    const result = await enrolments.enrol(by, {
      token,
      ...(isHost(host) ? { host } : {}),
      ...(isHost(machineId) ? { machineId } : {}),
    })
    if (!result.ok) return { status: 409, body: { error: result.error } }
    log.info(`host ${isHost(host) ? host : '?'} has enrolled as agent ${by}`)
    if (result.twins.length > 0) {
      log.warn(`agent ${by} has the machine id of ${result.twins.join(', ')}: one may be a clone of the other`)
    }
    return { status: 201, body: { name: by } }
  }

  const door = createAgentDoor({ ...tools, token: (name) => tokens().byName.get(name) })

  return {
    routes: [
      ...door.routes,
      { source: 'agents/', method: 'POST', path: enrolPath, open: [], for: 'enrolment', handler: enrol },
    ],
    tokens: () => tokens().all,
    ask: door.ask,
    list() {
      const enrolled = enrolments.list()
      const names = new Set(enrolled.map(({ name }) => name))
      const others = door.heard().filter((name) => !names.has(name))
      return [...enrolled, ...others.map((name): Enrolment => ({ name }))].map((one) => {
        const state = names.has(one.name) ? stateOf(one) : 'configured'
        return toView(one, state, door.facts(one.name))
      })
    },
    async invite(name, lifeMs) {
      const problem = nameProblem(
        name,
        tools.configured().map((one) => one.name),
      )
      if (problem !== undefined) return { ok: false, message: problem }
      return { ok: true, ...(await enrolments.invite(name, lifeMs)) }
    },
    revoke: (name) => enrolments.revoke(name),
    restore: (name) => enrolments.restore(name),
    stop: door.stop,
  }
}

function stateOf({ revokedAt, token }: Enrolment): AgentView['state'] {
  if (revokedAt !== undefined) return 'revoked'
  return token === undefined ? 'invited' : 'enrolled'
}

function toView(one: Enrolment, state: AgentView['state'], seen: AgentFacts = { seenAt: 0 }): AgentView {
  return {
    name: one.name,
    state,
    ...optional('host', seen.host ?? one.host),
    ...optional('machineId', seen.machineId ?? one.machineId),
    ...optional('enrolledAt', iso(one.enrolledAt)),
    ...optional('codeExpiresAt', state === 'invited' ? iso(one.codeExpiresAt) : undefined),
    ...optional('seenAt', seen.seenAt === 0 ? undefined : iso(seen.seenAt)),
    ...optional('bootedAt', iso(seen.bootedAt)),
    ...optional('clockOffsetSeconds', seen.clockOffsetSeconds),
    ...optional('dropped', seen.dropped),
  }
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [one in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [one in Key]?: Value })
}

function iso(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString()
}
