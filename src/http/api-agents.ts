// The part of the API that lets hosts in and out: invitations, revoked tokens, and what is known of each agent.
import { z } from 'zod'
import { duration } from '../lib/schema.ts'
import { type Answer, type Done, doneOrConflict, ok } from './api-answers.ts'
import * as shapes from './api-shapes.ts'

/** What the API may have done about agents. */
export interface AgentDesk {
  list(): readonly AgentView[]
  /** A code that lets one host in, once; refused for a name that is taken. */
  invite(name: string, lifeMs: number): Promise<Invitation | { readonly ok: false; readonly message: string }>
  revoke(name: string): Promise<Done>
  restore(name: string): Promise<Done>
}

export interface Invitation {
  readonly ok: true
  readonly code: string
  readonly expiresAt: number
  /** How hosts reach this hub. */
  readonly hub: string
}

export type AgentView = z.output<typeof agentShape>

const time = z.iso.datetime()
const longestLifeMs = 30 * 24 * 3_600_000

const agentShape = z.strictObject({
  name: z.string(),
  state: z
    .enum(['invited', 'enrolled', 'revoked', 'configured'])
    .describe('configured: its token stands in the configuration; only those that were heard of.'),
  host: z.string().optional().describe('What it calls its host.'),
  machineId: z.string().optional(),
  enrolledAt: time.optional(),
  codeExpiresAt: time.optional().describe('Until when its code is good.'),
  seenAt: time.optional().describe('When it was last heard of, since the hub started.'),
  bootedAt: time.optional().describe("When its host started, by the hub's clock."),
  clockOffsetSeconds: z.number().optional().describe('By how much its clock is slow; fast when negative.'),
  dropped: z.int().optional().describe('What it had to drop, as far as is known.'),
})

const agentList = z.strictObject({ agents: z.array(agentShape) })
const enrolQuery = z.strictObject({
  expires: duration({ minMs: 60_000 }).prefault('1h').describe('How long the code is good; 30 days at most.'),
})
const invitation = z.strictObject({
  name: z.string(),
  code: z.string().describe('To be given to `sereno agent --enrol`; shown this once.'),
  expiresAt: time,
  hub: z.string().describe('The address of the hub, as hosts may reach it.'),
})

const wrong = { about: 'A parameter is wrong.', shape: shapes.refusal }
const refused = { about: 'It cannot be done for that name.', shape: shapes.refusal }

interface Door {
  readonly agents: AgentDesk
}

export const agentRoutes = [
  {
    method: 'get',
    path: '/api/v1/agents',
    name: 'listAgents',
    summary: 'Agents that were asked to enrol or were heard of, and what is known of them.',
    answers: { 200: { about: 'Agents.', shape: agentList } },
    run: async ({ agents }: Door): Promise<Answer> => ok({ agents: agents.list() }),
  },
  {
    method: 'post',
    path: '/api/v1/agents/{name}/enrol',
    name: 'enrolAgent',
    summary: 'Make a code with which one host becomes an agent of that name.',
    params: shapes.namePath,
    query: enrolQuery,
    answers: { 200: { about: 'The code.', shape: invitation }, 400: wrong, 409: refused },
    run: async ({ agents }: Door, { name, expires }: { name: string; expires: number }): Promise<Answer> => {
      const made = await agents.invite(name, Math.min(expires, longestLifeMs))
      if (!made.ok) return doneOrConflict(made)
      const { code, expiresAt, hub } = made
      return ok({ name, code, expiresAt: new Date(expiresAt).toISOString(), hub })
    },
  },
  {
    method: 'post',
    path: '/api/v1/agents/{name}/revoke',
    name: 'revokeAgent',
    summary: "Take an agent's token back.",
    params: shapes.namePath,
    answers: { 200: { about: 'It is turned away from now on.', shape: shapes.done }, 409: refused },
    run: async ({ agents }: Door, { name }: { name: string }): Promise<Answer> =>
      doneOrConflict(await agents.revoke(name)),
  },
  {
    method: 'post',
    path: '/api/v1/agents/{name}/restore',
    name: 'restoreAgent',
    summary: 'Let a revoked agent in again, by the token it has.',
    params: shapes.namePath,
    answers: { 200: { about: 'It is let in again.', shape: shapes.done }, 409: refused },
    run: async ({ agents }: Door, { name }: { name: string }): Promise<Answer> =>
      doneOrConflict(await agents.restore(name)),
  },
] as const
