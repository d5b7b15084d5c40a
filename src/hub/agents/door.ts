// POST /api/v1/agent: what agents saw, each item counted once; and what they are to look up.
import type { Ask } from '../../engine/draft.ts'
import type { Engine } from '../../engine/engine.ts'
import { IntakeFull } from '../../engine/intake.ts'
import type { Input } from '../../engine/input.ts'
import type { AccessToken } from '../../http/auth.ts'
import type { MountedRoute } from '../../http/door.ts'
import { showJson } from '../../lib/read-json.ts'
import { cutBytes } from '../../lib/text.ts'
import { type Log, NotStored, type SourceRequest, type SourceResponse } from '../../source.ts'
import { agentPath, type AgentAnswer, contactMs } from '../../source-agent.ts'
import { type Store, StoreFailed } from '../../store/store.ts'
import { Agent, type AgentFacts } from './agent.ts'
import { bootInputs, type Machine, withBoot } from './boot.ts'
import { readItem } from './read-item.ts'
import { type PostFrame, readPost } from './read-post.ts'
import { offsetOf, shiftItem } from '../../source-agent-time.ts'

export interface AgentDoor {
  readonly routes: readonly MountedRoute[]
  /** Has an agent's source look up what a watch asked for; it is told at its next contact. */
  ask(one: Ask): void
  /** What is known of an agent that has been heard of since the start. */
  facts(name: string): AgentFacts | undefined
  /** Names of those that have. */
  heard(): readonly string[]
  stop(): void
}

export interface AgentDoorTools {
  readonly engine: Pick<Engine, 'submit' | 'command' | 'catchingUp'>
  readonly store: Pick<Store, 'rows'>
  /** By name, those in force now. */
  token(name: string): AccessToken | undefined
  now(): number
  storeFailed(what: string, error: unknown): void
  readonly log: Log
}

/** Whose name it is that a source of an agent speaks in; undefined: the source is the hub's own. */
export function agentOf(source: string): string | undefined {
  const slash = source.indexOf('/')
  return slash < 0 ? undefined : source.slice(0, slash)
}

/** An agent that was not heard of for so long is no longer catching up: nobody waits for it. */
const goneMs = 6 * contactMs
/** Of holes in what an agent sent, one event is made and the rest counted for so long. */
const gapQuietMs = 3_600_000

export function createAgentDoor(tools: AgentDoorTools): AgentDoor {
  const agents = new Map<string, Agent>()
  const sweep = setInterval(forgetBehind, goneMs).unref()

  function agentNamed(name: string): Agent {
    const agent = agents.get(name) ?? new Agent(name)
    agents.set(name, agent)
    return agent
  }

  async function take({ by, body }: SourceRequest): Promise<SourceResponse> {
    if (by === undefined)
      return refuse(401, 'An agent speaks by its own token; send it as "Authorization: Bearer TOKEN".')
    const post = readPost(body)
    if (typeof post === 'string') return refuse(400, post)
    const agent = agentNamed(by)
    const answer = await agent.inTurn(() => store(agent, post))
    return { status: 202, body: { ...answer, rechecks: answer.rechecks.map((one) => ({ ...one })) } }
  }

  /** What the store refuses is not acknowledged: the agent keeps it and sends it again. */
  async function store(agent: Agent, post: PostFrame): Promise<AgentAnswer> {
    try {
      await agent.load(tools.store)
      const acked = await submit(agent, post)
      await answered(agent, post)
      return { acked, rechecks: agent.toAsk(post.got ?? [], tools.now()) }
    } catch (error) {
      agent.forget()
      if (error instanceof StoreFailed) tools.storeFailed('storing what an agent saw', error)
      if (error instanceof StoreFailed || error instanceof IntakeFull)
        throw new NotStored(error.message, { cause: error })
      throw error
    }
  }

  /** The number up to which all is on disk. */
  async function submit(agent: Agent, post: PostFrame): Promise<number> {
    const receivedAt = tools.now()
    const { buffer, first, items } = post
    const known = agent.nextOf(buffer)
    const next = known ?? first
    const fresh = items.slice(Math.max(0, next - first))
    const offsetMs = offsetOf(post.sentAt, receivedAt)
    const before = agent.facts
    tellClock(agent, before, offsetMs)
    const dropped = Math.max(0, first - next) + fresh.filter((item) => item === null).length
    const facts = factsFrom(post, before, { receivedAt, offsetMs, dropped })
    const { host = agent.name, bootId, uptimeSeconds } = post
    const inputs = bootInputs(agent.name, post, before, receivedAt)
    inputs.push(...toInputs(agent.name, fresh, { receivedAt, offsetMs, host, bootId, uptimeSeconds }))
    if (facts.gapToldAt !== before.gapToldAt) inputs.unshift(gapInput(agent.name, facts, dropped, receivedAt))
    if (agent.isTwo(post)) inputs.push(twiceInput(agent.name, post, before, receivedAt))
    const end = Math.max(next, first + items.length)
    if (fresh.length === 0 && inputs.length === 0) {
      agent.facts = facts
      caughtUp(agent, post.more === true)
      return end - 1
    }
    if (post.more === true) for (const input of inputs) isBehind(agent, sourceOf(input))
    const row = agent.rowFor(buffer, { next: end, at: receivedAt }, facts)
    await tools.engine.submit(inputs, row)
    agent.stored(row)
    caughtUp(agent, post.more === true)
    return end - 1
  }

  function toInputs(name: string, items: readonly unknown[], given: ItemPlace): Input[] {
    const { sources } = tools.token(name) ?? {}
    return items.flatMap((item): Input[] => (item === null ? [] : [toInput(name, item, sources, given)]))
  }

  /** Its watches' clocks stand still until it has told what is old. */
  function isBehind(agent: Agent, source: string): void {
    if (source === 'sereno' || agent.behind.has(source)) return
    agent.behind.add(source)
    tools.engine.catchingUp(source, true)
  }

  function caughtUp(agent: Agent, more: boolean): void {
    if (more) return
    for (const source of agent.behind) tools.engine.catchingUp(source, false)
    agent.behind.clear()
  }

  function forgetBehind(): void {
    for (const agent of agents.values()) if (tools.now() - agent.facts.seenAt > goneMs) caughtUp(agent, false)
  }

  async function answered(agent: Agent, { unanswered = [] }: PostFrame): Promise<void> {
    for (const { source, name, key } of agent.takeUnanswered(unanswered)) {
      await tools.engine.command({ name: 'unanswered', source, fact: name, key })
    }
  }

  function tellClock(agent: Agent, { clockOffsetSeconds: before }: AgentFacts, offsetMs: number): void {
    if ((before === undefined) === (offsetMs === 0)) return
    if (offsetMs === 0) return tools.log.info(`the clock of agent ${agent.name} is right again`)
    const [seconds, way] = [Math.round(Math.abs(offsetMs) / 1000), offsetMs > 0 ? 'slow' : 'fast']
    tools.log.warn(`the clock of agent ${agent.name} is ${seconds} s ${way}; the times of what it sends are corrected`)
  }

  return {
    routes: [{ source: 'agents/', method: 'POST', path: agentPath, open: [], for: 'agents', handler: take }],
    ask(one) {
      const name = agentOf(one.source) ?? ''
      if (tools.token(name) !== undefined && agentNamed(name).ask(one, tools.now())) return
      const { source, name: fact, key } = one
      tools.engine
        .command({ name: 'unanswered', source, fact, key })
        .catch((error: unknown) => tools.storeFailed('noting an unanswered recheck', error))
    },
    facts: (name) => agents.get(name)?.facts,
    heard: () => [...agents].flatMap(([name, { facts }]) => (facts.seenAt === 0 ? [] : name)),
    stop: () => clearInterval(sweep),
  }
}

function sourceOf(input: Input): string {
  return input.kind === 'event' || input.kind === 'fact' ? input.source : 'sereno'
}

/** Its host is that of an event that names none. */
interface ItemPlace extends Machine {
  readonly offsetMs: number
}

/** What is no item, or of a source that the token may not speak for, is kept as rejected; its neighbours are taken. */
function toInput(name: string, item: unknown, allowed: readonly string[] | undefined, given: ItemPlace): Input {
  const { receivedAt, offsetMs, host } = given
  const read = readItem(item)
  if (typeof read === 'string') return rejectedInput(`${name}/agent`, toRaw(item), read, receivedAt)
  const source = `${name}/${read.source}`
  if (!mayUse(allowed, name, source)) {
    const message = `the token "${name}" may not be used for ${source}`
    return rejectedInput(`${name}/agent`, toRaw(item), message, receivedAt)
  }
  const moved = shiftItem(read, offsetMs)
  if ('rejected' in moved) return rejectedInput(source, moved.rejected.raw, moved.rejected.message, receivedAt)
  if ('fact' in moved) return { kind: 'fact', source, fact: withBoot(moved.fact, given), receivedAt }
  return { kind: 'event', source, event: { ...moved.event, host: moved.event.host ?? host }, receivedAt }
}

function mayUse(allowed: readonly string[] | undefined, name: string, source: string): boolean {
  return allowed === undefined || allowed.includes(source) || allowed.includes(`${name}/*`)
}

function rejectedInput(source: string, raw: string, message: string, receivedAt: number): Input {
  return { kind: 'event', source, event: { type: 'sereno.rejected', data: { raw, message } }, receivedAt }
}

function toRaw(item: unknown): string {
  return cutBytes(JSON.stringify(item) ?? showJson(item), 4096)
}

function factsFrom(
  { host, bootId, machineId, uptimeSeconds }: PostFrame,
  before: AgentFacts,
  { receivedAt, offsetMs, dropped }: { receivedAt: number; offsetMs: number; dropped: number },
): AgentFacts {
  const isTold = before.gapToldAt !== undefined && Math.abs(receivedAt - before.gapToldAt) <= gapQuietMs
  const gapToldAt = dropped > 0 && !isTold ? receivedAt : before.gapToldAt
  const inAll = (before.dropped ?? 0) + dropped
  return {
    seenAt: receivedAt,
    ...(host === undefined ? {} : { host }),
    ...(bootId === undefined ? {} : { bootId }),
    ...(machineId === undefined ? {} : { machineId }),
    ...(uptimeSeconds === undefined ? {} : { bootedAt: Math.round(receivedAt - uptimeSeconds * 1000) }),
    ...(offsetMs === 0 ? {} : { clockOffsetSeconds: Math.round(offsetMs / 1000) }),
    ...(inAll === 0 ? {} : { dropped: inAll }),
    ...(gapToldAt === undefined ? {} : { gapToldAt }),
  }
}

function gapInput(name: string, { host = name }: AgentFacts, missing: number, receivedAt: number): Input {
  const event = { type: 'sereno.agent-gap', host, subject: name, data: { agent: name, missing } }
  return { kind: 'event', source: 'sereno', event, receivedAt }
}

function twiceInput(name: string, post: PostFrame, before: AgentFacts, receivedAt: number): Input {
  const hosts = [...new Set([before.host ?? '?', post.host ?? '?'])].toSorted()
  const machines = [...new Set([before.machineId ?? '?', post.machineId ?? '?'])].toSorted()
  const data = { agent: name, hosts, machineIds: machines }
  return { kind: 'event', source: 'sereno', event: { type: 'sereno.agent-twice', subject: name, data }, receivedAt }
}

function refuse(status: number, error: string): SourceResponse {
  return { status, body: { error } }
}
