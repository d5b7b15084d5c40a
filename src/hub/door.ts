// What the http room is let into: the hub's routes, its state in words, and the few things one may ask it to do.
import { titleOf } from '../engine/compose.ts'
import type { Engine } from '../engine/engine.ts'
import type { Done } from '../http/api-answers.ts'
import type { ApiDoor, HubStatus } from '../http/api-door.ts'
import type { HubDoor } from '../http/door.ts'
import type { Log } from '../source.ts'
import type { Store } from '../store/store.ts'
import { finalDeliveries } from '../words.ts'
import { version } from '../version.ts'
import type { Assembly } from './assemble.ts'
import { loopback } from './heartbeat.ts'
import type { Grapher } from './graph/graph.ts'
import type { Observer } from './observe.ts'
import type { Agents } from './agents/agents.ts'
import type { RunningSources } from './sources.ts'
import type { Acts } from './watchman/acts.ts'
import type { Watchman } from './watchman/watchman.ts'
import { machineZone } from '../lib/local-time.ts'

export interface DoorParts {
  readonly engine: Engine
  readonly store: Store
  readonly sources: RunningSources
  readonly agents: Agents
  readonly observer: Observer
  readonly grapher: Grapher
  readonly log: Log
  readonly acts: Acts
  readonly watchman: Watchman
  readonly startedAt: number
  readonly file: string
  assembly(): Assembly
  /** How others reach the hub. */
  url(): string
  reload: ApiDoor['reload']
}

export function createDoor(parts: DoorParts): HubDoor {
  const { engine, store, sources, agents, observer, grapher, log, assembly } = parts
  const health = (): ReturnType<Observer['health']> => observer.health(engine.lanes())
  observer.registry.beforeText(() => void health())
  /** One after the other: two looks at the same dead message must not send it twice. */
  let retrying: Promise<unknown> = Promise.resolve()
  async function retry(id: string): Promise<Done> {
    const detail = await store.delivery(id)
    if (detail === undefined) return { ok: false, message: `There is no delivery ${id}, or it is no longer kept.` }
    const { delivery } = detail
    if (!finalDeliveries.includes(delivery.state)) {
      return { ok: false, message: `Delivery ${id} is ${delivery.state}: it is sent again by itself.` }
    }
    if (delivery.state === 'delivered') return { ok: false, message: `Delivery ${id} was delivered already.` }
    if (!assembly().judge.channels.has(delivery.channel)) {
      return { ok: false, message: `Channel ${delivery.channel} of delivery ${id} is no longer configured.` }
    }
    await engine.command({ name: 'retry', delivery })
    return { ok: true, message: `Delivery ${id} is sent again on ${delivery.channel}.` }
  }

  return {
    store,
    log,
    ...parts.acts,
    ask: parts.watchman.ask,
    routes: sources.routes,
    zone: assembly().config.hub.timezone ?? machineZone(),
    health,
    registry: observer.registry,
    metricsOpen: () => assembly().config.hub.open.metrics,
    titleOf: (event) => titleOf(event, assembly().types),
    rules: () => assembly().judge.rules,
    reload: parts.reload,
    agents: createAgentDesk(agents, parts.url),
    status(): HubStatus {
      const { ready, checks } = health()
      const { config } = assembly()
      return {
        version,
        startedAt: parts.startedAt,
        ready,
        problems: checks.filter((check) => !check.ok).map((check) => check.detail),
        config: parts.file,
        sources: config.sources.map(({ name }) => name),
        channels: config.channels.map(({ name }) => name),
      }
    },
    retryDelivery(id) {
      const next = retrying.then(() => retry(id))
      retrying = next.catch(() => {})
      return next
    },
    async closeCondition(key) {
      await engine.command({ name: 'close', condition: key, by: 'closed' })
    },
    draw: (graph, how) => grapher.draw(graph, how),
    toPng: (svg) => grapher.toPng(svg),
    async forgetHost(name) {
      await engine.command({ name: 'forget-host', host: name })
      const known = await store.forgetHost(name)
      observer.hostForgotten(name)
      return known
    },
    async runSchedule(name) {
      const known = assembly().judge.watches.filter(({ kind }) => kind.runs !== undefined)
      if (!known.some((watch) => watch.name === name)) {
        const names = known.map((watch) => watch.name).join(', ')
        return { ok: false, message: `There is no schedule ${name}; there are ${names || 'none'}.` }
      }
      await engine.command({ name: 'run', watch: name })
      return { ok: true, message: `Schedule ${name} has run.` }
    },
    async testChannel(channel) {
      if (!assembly().judge.channels.has(channel) || channel === loopback) {
        const known = assembly().config.channels.map(({ name }) => name)
        return { ok: false, message: `There is no channel ${channel}; there are ${known.join(', ') || 'none'}.` }
      }
      const event = { type: 'sereno.test', subject: channel, data: { channel } }
      const { id } = await engine.command({ name: 'tell', channel, event, rule: '(test)' })
      const told = await store.event(id ?? '')
      const verdicts = told === undefined ? [] : await store.verdicts([told.seq])
      // A fallback may have been told already.
      const verdict = verdicts.find((one) => one.channel === channel)
      if (verdict?.into === undefined) return { ok: false, message: 'The test message was not kept.' }
      return { ok: true, delivery: verdict.into }
    },
  }
}

function createAgentDesk(agents: Agents, url: () => string): ApiDoor['agents'] {
  const unknown = (name: string, state: string): Done => ({ ok: false, message: `There is no agent ${name} ${state}.` })
  return {
    list: () => agents.list(),
    async invite(name, lifeMs) {
      const made = await agents.invite(name, lifeMs)
      return made.ok ? { ...made, hub: url() } : made
    },
    async revoke(name) {
      if (!(await agents.revoke(name))) return unknown(name, 'that could be turned away')
      return { ok: true, message: `Agent ${name} is turned away from now on; it keeps what it sees.` }
    },
    async restore(name) {
      if (!(await agents.restore(name))) return unknown(name, 'that was revoked')
      return { ok: true, message: `Agent ${name} is let in again.` }
    },
  }
}
