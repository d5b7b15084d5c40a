// What an agent and its hub say to each other at POST /api/v1/agent, and how a host becomes an agent.
import type { Recheck, Rejected } from './source.ts'
import type { NewEvent, NewFact } from './words.ts'

export const agentPath = '/api/v1/agent'
export const enrolPath = '/api/v1/agent/enrol'

/** At least so often an agent asks whether something is to be looked up; a hub may tell by it that an agent is there. */
export const contactMs = 10_000

export interface AgentPost {
  /** Names the order that the items are in: an agent begins a new one at each start. Within it no number is used twice. */
  readonly buffer: string
  /** The number of the first item, from 1; the others follow without a gap. */
  readonly first: number
  /** Null: it was there, and was dropped because the agent's room was full. */
  readonly items: readonly (AgentItem | null)[]
  /** By the agent's clock, in ms: what is wrong with that clock is wrong with the items' times as well. */
  readonly sentAt: number
  readonly bootId?: string
  readonly uptimeSeconds?: number
  readonly machineId?: string
  readonly host?: string
  /** New at each start of the agent: two that speak in turns are two agents. */
  readonly run?: string
  /** More is waiting: what is sent is old news. */
  readonly more?: boolean
  /** Rechecks that were received, and those that nobody here can answer. */
  readonly got?: readonly string[]
  readonly unanswered?: readonly string[]
}

/** What one of the agent's sources emitted, in the words of `SourceTools.emit`; times in ms by the agent's clock. */
export type AgentItem = { readonly source: string } & (
  | { readonly event: NewEvent }
  | { readonly fact: NewFact }
  | { readonly rejected: Rejected }
)

export interface AgentAnswer {
  /** All items up to this number are on disk; one that the agent never sent says that another uses its buffer. */
  readonly acked: number
  readonly rechecks: readonly AgentRecheck[]
}

/** Repeated until the agent says that it has got it. */
export interface AgentRecheck extends Recheck {
  readonly id: string
  /** Of the agent's sources. */
  readonly source: string
}

/** With the code as bearer token. The agent makes its own token, so that it can ask again when the answer was lost. */
export interface EnrolPost {
  readonly token: string
  readonly host?: string
  readonly machineId?: string
}

export interface EnrolAnswer {
  /** The name under which the hub knows it; its sources are called `<name>/<source>`. */
  readonly name: string
}

/** Names of sources, tokens and agents. */
export const sourceName = /^\w[\w.-]{0,99}$/
