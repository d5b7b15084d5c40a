// A node whose facts the watch sees, with timers on a clock of its own, and what the watch says of it.
import type { Guest, GuestTask, Thing } from '../../source-boot.ts'
import type { BackupJob } from '../../source-guest-backup.ts'
import type { WatchInput, WatchKind, WindowChange } from '../../watch.ts'
import type { Json, JsonObject, NewEvent } from '../../words.ts'
import proxmox from './index.ts'
import type { Options } from './options.ts'

export const start = Date.UTC(2026, 10, 20, 3)
const watch = proxmox as unknown as WatchKind<Options, Json>
const place = { name: 'pve', zone: 'UTC', host: 'pve1' }

interface Due {
  readonly row: string
  readonly name: string
  readonly at: number
}

export class WatchedNode {
  readonly events: NewEvent[] = []
  readonly windows: WindowChange[] = []
  /** Keys of conditions that are open. */
  readonly open = new Set<string>()
  now = start
  boot = 'boot-1'
  #options
  #rows = new Map<string, Json>()
  #timers = new Map<string, Due>()

  constructor(options: JsonObject = {}) {
    this.#options = watch.options.parse(options)
  }

  reload(options: JsonObject): this {
    this.#options = watch.options.parse(options)
    return this
  }

  fact(name: string, key: string, data: object, { at = this.now, host = 'pve1' } = {}): this {
    const fact = { seq: 1, source: 'pve', name, key, host, time: at, receivedAt: this.now, data: data as JsonObject }
    for (const row of watch.keys(this.#options, { kind: 'fact', fact }, place))
      this.#step({ kind: 'fact', fact, key: row })
    return this
  }

  guest(id: number, running: boolean, more: Partial<Guest> & { readonly at?: number } = {}): this {
    const { at = this.now, ...rest } = more
    return this.fact(
      'guest',
      String(id),
      { id, guest: 'vm', name: `vm${id}`, running, hostBoot: this.boot, ...rest },
      { at },
    )
  }

  guests(...ids: readonly number[]): this {
    return this.fact('guest', '*', { names: ids.map(String) })
  }

  task(id: number, action: GuestTask['action'], outcome: GuestTask['outcome'] = 'ok', more: JsonObject = {}): this {
    const { at = this.now, ...rest } = more as JsonObject & { readonly at?: number }
    const span = { startedAt: new Date(at - 2000).toISOString(), endedAt: new Date(at).toISOString() }
    return this.fact('guest.task', `UPID:${id}:${at}`, { id, guest: 'vm', action, outcome, ...span, ...rest }, { at })
  }

  storage(name: string, thing: Thing): this {
    return this.fact('storage', name, thing)
  }

  job(job: Partial<BackupJob> & { readonly at?: number }, host = 'pve1'): this {
    const { at = this.now, ...rest } = job
    const data = { via: 'tasks', outcome: 'ok', endedAt: new Date(at).toISOString(), guests: [], ...rest }
    return this.fact('guest.backup-job', `job/${at}/${data.via}`, data, { at, host })
  }

  backs(on: boolean): this {
    return this.fact('backup-run', 'pve1', { on })
  }

  forget(host: string): this {
    for (const key of watch.forget?.(this.#options, host, place) ?? []) this.#step({ kind: 'forget', key, host })
    return this
  }

  /** Seconds go by; what is due meanwhile is done at its time. */
  pass(seconds: number): this {
    const until = this.now + seconds * 1000
    for (;;) {
      const due = [...this.#timers.entries()].toSorted(([, one], [, other]) => one.at - other.at)[0]
      if (due === undefined || due[1].at > until) break
      const [key, { row, name, at }] = due
      this.#timers.delete(key)
      this.now = Math.max(this.now, at)
      this.#step({ kind: 'timer', key: row, name, body: null })
    }
    this.now = until
    return this
  }

  /** What was said since: type, state of its condition, subject. */
  said(): string[] {
    return this.events.splice(0).map(({ type, condition, subject, severity, data }) => {
      const end = typeof data?.['end'] === 'string' ? ` (${data['end']})` : ''
      return `${type}${condition === undefined ? '' : ` ${condition.state}`} ${subject ?? '-'}${end} ${severity}`
    })
  }

  #step(input: WatchInput): void {
    const result = watch.step(this.#options, this.#rows.get(input.key), input, this.now, place)
    const { state, events = [], timers = [], windows = [], tells = [] } = result
    if (state === null) this.#rows.delete(input.key)
    else if (state !== undefined) this.#rows.set(input.key, JSON.parse(JSON.stringify(state)) as Json)
    for (const { name, at } of timers) {
      const key = `${input.key} ${name}`
      if (at === undefined) this.#timers.delete(key)
      else this.#timers.set(key, { row: input.key, name, at })
    }
    this.windows.push(...windows)
    for (const event of events) this.#say(event)
    for (const { row, body } of tells) this.#step({ kind: 'told', key: row, from: input.key, body })
  }

  #say(event: NewEvent): void {
    this.events.push(event)
    if (event.condition?.state === 'resolved') this.open.delete(event.condition.key)
    else if (event.condition !== undefined) this.open.add(event.condition.key)
  }
}
