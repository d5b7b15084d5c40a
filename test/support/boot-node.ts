// A node that boots, stops and says what it sees, in a whole engine with the watch of boots; and what was told of it.
import assert from 'node:assert/strict'
import { assembleText } from '../../src/cli/configuration.ts'
import type { Judge } from '../../src/engine/judge.ts'
import { type GuestTask, toBootFact } from '../../src/source-boot.ts'
import type { HubEvent, NewEvent, Severity } from '../../src/words.ts'
import type { EngineHouse } from './engine-house.ts'

export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute

export async function judgeWith(
  rules = "[{ on: ['host.*', 'guest.*', 'storage.*'], to: team }]",
  more = '',
): Promise<Judge> {
  const text = `
hub: { timezone: UTC }
sources: { s: { kind: cloudevents } }
channels:
  team: { kind: console }
  mail: { kind: email, host: 127.0.0.1, from: sereno@example.org, to: [ann@example.org, bob@example.org] }
watches: { boots: { kind: boot } }
rules: ${rules}
${more}`
  return (await assembleText(text, 'faults.yaml')).judge
}

export class BootNode {
  readonly house: EngineHouse
  #count = 0

  constructor(house: EngineHouse) {
    this.house = house
  }

  async boots(bootId: string, uptimeSeconds = 5): Promise<void> {
    await this.#see(toBootFact('host.boot', 'pve', 'pve', { bootId, uptimeSeconds }))
  }

  async stops(): Promise<void> {
    await this.#see(toBootFact('host.stopping', 'pve', 'pve', { reason: 'reboot' }))
  }

  async guest(id: number, running: boolean, config: 'onboot' | 'unreadable' = 'onboot'): Promise<void> {
    const named = { id, guest: 'vm', name: `vm${id}`, running } as const
    await this.#see(toBootFact('guest', String(id), 'pve', config === 'onboot' ? { ...named, onboot: true } : named))
  }

  async starts(id: number, outcome: GuestTask['outcome'] = 'ok'): Promise<void> {
    const why = outcome === 'ok' ? {} : { reason: 'no disk' }
    const at = new Date(this.house.clock.now()).toISOString()
    const task = { id, guest: 'vm', action: 'start', outcome, startedAt: at, endedAt: at, ...why } as const
    await this.#see(toBootFact('guest.task', `t${(this.#count += 1)}`, 'pve', task))
    if (outcome === 'ok') await this.say({ type: 'guest.started', title: `vm${id} started` })
  }

  async looks(): Promise<void> {
    await this.#see(toBootFact('guest', '*', 'pve', { names: [] }))
  }

  async say(event: Partial<NewEvent>): Promise<void> {
    await this.house.emit({ host: 'pve', ...event })
  }

  async storage(state: 'firing' | 'resolved', ok = state === 'resolved'): Promise<void> {
    const title = `nas is ${ok ? 'there' : 'away'}`
    await this.#see(toBootFact('storage', 'nas', 'pve', { ok, ...(ok ? {} : { state: 'unavailable' }) }))
    const severity = ok ? 'info' : 'error'
    const condition = { key: 'storage nas', state } as const
    await this.say({ type: 'storage.unavailable', subject: 'nas', severity, title, condition })
  }

  async fills(severity: Severity, state: 'firing' | 'resolved' = 'firing'): Promise<void> {
    await this.say({ type: 'storage.full', severity, title: `tank ${severity}`, condition: { key: 'tank', state } })
  }

  async #see(fact: ReturnType<typeof toBootFact>): Promise<void> {
    await this.house.engine.submit([{ kind: 'fact', source: 's', fact, receivedAt: this.house.clock.now() }])
    await this.house.settle()
  }
}

/** As `kind: titles`, what was told, oldest first; a report by its boot. */
export async function told(house: EngineHouse, channel = 'team'): Promise<string[]> {
  const titles = new Map((await house.store.events({ limit: 1000 })).map((event) => [event.seq, titleOf(event)]))
  const all = (await house.store.deliveries({ channel, limit: 1000 })).toReversed()
  return all
    .filter(({ state }) => state === 'delivered')
    .map(({ kind, events, recipient }) => {
      const names = events.map((seq) => titles.get(seq)).join(', ')
      return `${recipient === '' ? '' : `${recipient.split('@')[0]} `}${kind}: ${names}`
    })
}

function titleOf({ type, title, data }: HubEvent): string {
  return type === 'host.startup-report' ? `report of ${bootOf(data)}` : (title ?? type)
}

function bootOf({ bootId }: HubEvent['data']): string {
  return typeof bootId === 'string' ? bootId : assert.fail('no boot id')
}

export async function reports(house: EngineHouse): Promise<readonly HubEvent[]> {
  return house.store.events({ type: 'host.startup-report', limit: 100, ascending: true })
}
