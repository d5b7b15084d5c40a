// A hub and agents in processes of their own, around one folder: what tests of agents need.
import { writeFileSync } from 'node:fs'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Fact, HubEvent } from '../../src/words.ts'
import { createHubHouse, type HubHouse } from '../support/hub-house.ts'
import { type HubProcess, startHubProcess } from '../support/hub-process.ts'

export interface AgentHouse extends AsyncDisposable {
  readonly hub: HubHouse
  /** The log that agents follow unless they are told of another. */
  readonly log: string
  /** A code for a name, as `sereno hosts enrol` makes it. */
  invite(name: string): Promise<string>
  agent(options: AgentOptions): HubProcess
  folderOf(agent: string): string
  /** A copy of an agent's folder, as a clone of its machine has it. */
  clone(agent: string, copy: string): Promise<void>
  /** Of the running hub. */
  events(type: string): Promise<readonly HubEvent[]>
  /** Of the stopped hub. */
  record(): Promise<{ readonly events: readonly HubEvent[]; readonly facts: readonly Fact[] }>
}

export interface AgentOptions {
  readonly folder: string
  readonly code?: string
  readonly log?: string
  readonly env?: { readonly [name: string]: string }
  readonly more?: readonly string[]
}

const quietConfig = `
hub: {}
channels: { out: { kind: console } }
rules: [{ on: log.line, where: severity="critical", to: [out] }]
`

export async function createAgentHouse(config = quietConfig): Promise<AgentHouse> {
  const hub = await createHubHouse()
  const agents: HubProcess[] = []
  const log = join(hub.folder, 'app.log')
  await writeFile(log, '')
  await hub.configure(config)
  const folderOf = (agent: string): string => join(hub.folder, agent)
  return {
    hub,
    log,
    folderOf,
    async invite(name) {
      const { out, error } = await hub.sereno('hosts', 'enrol', name, '--json')
      if (error !== '') throw new Error(error)
      return (JSON.parse(out) as { readonly code: string }).code
    },
    agent({ folder, code, log: path = log, env = {}, more = [] }) {
      const data = folderOf(folder)
      const file = `${data}.yaml`
      const enrol = code === undefined ? [] : ['--enrol', code]
      const args = ['agent', '--hub', hub.url, '--data', data, '--config', file, ...enrol, ...more]
      const agent = startAgent(file, path, args, env)
      agents.push(agent)
      return agent
    },
    async clone(agent, copy) {
      await mkdir(folderOf(copy), { recursive: true })
      await cp(folderOf(agent), folderOf(copy), { recursive: true })
    },
    async events(type) {
      const { text } = await hub.ask(`/api/v1/events?type=${type}&limit=1000`)
      return (JSON.parse(text) as { readonly events: readonly HubEvent[] }).events
    },
    async record() {
      const store = await openSqlite({ path: hub.store, readOnly: true })
      try {
        const limit = 1_000_000
        return { events: await store.events({ limit, ascending: true }), facts: await store.facts({ limit }) }
      } finally {
        await store.close()
      }
    },
    async [Symbol.asyncDispose]() {
      for (const agent of agents) agent.kill('SIGKILL')
      await Promise.all(agents.map((agent) => agent.ended))
      await hub[Symbol.asyncDispose]()
    },
  }
}

function startAgent(file: string, log: string, args: readonly string[], env: { readonly [name: string]: string }) {
  writeFileSync(file, `sources:\n  app: { kind: log, path: ${log}, from: beginning, match: { pattern: '\\S+' } }\n`)
  return startHubProcess({ args, env })
}
