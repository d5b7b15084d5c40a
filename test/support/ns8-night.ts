// Runs the NethServer 8 watch through a night on a virtual clock: a cluster that changes, alerts that come, looks that are answered.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import types from '../../src/event-types/backup/index.ts'
import type { EventType } from '../../src/event-type.ts'
import watch from '../../src/watches/ns8-backup/index.ts'
import { options as schema, type Options } from '../../src/watches/ns8-backup/options.ts'
import type { AskFor, WatchInput, WatchPlace, WatchSees } from '../../src/watch.ts'
import type { HubEvent, Json, JsonObject, NewEvent } from '../../src/words.ts'

export type Plan = {
  readonly [name: string]: Json
  readonly modules: readonly (JsonObject & { readonly id: string })[]
}
type Fixture<Value> = { readonly [name: string]: Value }

export const plans = fixture<Plan>('plans')
export const statuses = fixture<Fixture<JsonObject>>('statuses')
export const alerts = fixture<JsonObject>('alerts')
export const repositories = fixture<JsonObject>('repositories')

/** What a look is answered with; `silent`: not at all. */
export type Answer = JsonObject | 'silent'

export interface Night {
  /** What Redis has, by plan. */
  readonly cluster: Map<string, Answer>
  /** What probes find, as `<plan>/<module>`; silent where nothing is said. */
  readonly repositories: Map<string, Answer>
  /** All that was said, in order. */
  readonly events: HubEvent[]
  /** All looks that were made, with their time. */
  readonly looks: (AskFor & { readonly madeAt: number })[]
  readonly timers: ReadonlyMap<string, Timer>
  now(): number
  /** Lets time pass: what is due is done in order. Takes a time of day of 1 June 2026, or an ISO time. */
  until(time: string): void
  fact(name: string, key: string, data: JsonObject): void
  /** The source has seen that this plan changed: it is as `cluster` has it. */
  see(plan: string): void
  alert(plan: string, data: JsonObject): void
  /** The hub was away until now: what was due meanwhile is late, and what stands for silence begins anew. */
  wake(time: string): void
  state(key: string): Json | undefined
  /** Other options are in force from now on. */
  configure(given: { readonly [option: string]: Json }): void
  /** What was said since the last call, as one line each. */
  said(): string[]
}

interface Timer {
  readonly at: number
  readonly body: Json
  readonly periodMs?: number
}

const place: WatchPlace = { name: 'ns8', zone: 'UTC', host: 'leader' }

export function startNight(from: string, given: { readonly [option: string]: Json } = {}): Night {
  let options: Options = schema.parse({ digest: false, ...given })
  const states = new Map<string, Json>()
  const timers = new Map<string, Timer>()
  const asked = new Map<string, AskFor & { readonly dueAt: number; readonly row: string }>()
  let now = toTime(from)
  let told = 0
  const night: Night = {
    cluster: new Map(),
    repositories: new Map(),
    events: [],
    looks: [],
    timers,
    now: () => now,
    until(time) {
      const end = toTime(time)
      for (let next = nextDue(); next !== undefined && next.at <= end; next = nextDue()) {
        now = Math.max(now, next.at)
        next.run()
      }
      now = Math.max(now, end)
    },
    fact(name, key, data) {
      // Whatever is heard of it answers a look that waits.
      asked.delete(`${name} ${key}`)
      see({ kind: 'fact', fact: { seq: 1, source: 'ns8', time: now, receivedAt: now, name, key, data } })
    },
    see: (plan) =>
      night.fact('backup.plan', plan, answerOf(night.cluster.get(plan) ?? { state: 'gone', modules: [], nodes: {} })),
    alert: (plan, data) => night.fact('backup.alert', plan, data),
    wake(time) {
      now = toTime(time)
      for (const [key, timer] of timers)
        if (timer.periodMs !== undefined && timer.at < now) timers.set(key, { ...timer, at: now + timer.periodMs })
    },
    state: (key) => states.get(key),
    configure(changed) {
      options = schema.parse({ digest: false, ...changed })
      for (const key of watch.begin()) step({ kind: 'begin', key })
    },
    said() {
      const fresh = night.events.slice(told)
      told = night.events.length
      return fresh.map(lineOf)
    },
  }
  for (const key of watch.begin()) step({ kind: 'begin', key })
  return night

  function nextDue(): { readonly at: number; run(): void } | undefined {
    const [key, timer] = earliest(timers, (one) => one.at) ?? []
    const [mark, look] = earliest(asked, (one) => one.dueAt) ?? []
    if (mark !== undefined && look !== undefined && (timer === undefined || look.dueAt <= timer.at))
      return { at: look.dueAt, run: () => answer(mark, look) }
    if (key === undefined || timer === undefined) return undefined
    const [row = '', name = ''] = key.split('|')
    return {
      at: timer.at,
      run() {
        timers.delete(key)
        step({ kind: 'timer', key: row, name, body: timer.body })
      },
    }
  }

  function answer(mark: string, look: AskFor & { readonly row: string }): void {
    asked.delete(mark)
    night.looks.push({ ...look, madeAt: now })
    const found =
      look.name === 'backup.plan'
        ? (night.cluster.get(look.key) ?? { state: 'gone', modules: [], nodes: {} })
        : (night.repositories.get(look.key) ?? 'silent')
    if (found === 'silent') step({ kind: 'unanswered', key: look.row, name: look.name, factKey: look.key })
    else night.fact(look.name, look.key, found)
  }

  function see(seen: WatchSees): void {
    for (const key of watch.keys(options, seen)) step({ ...seen, key })
  }

  function step(input: WatchInput): void {
    const state = states.get(input.key)
    // What is stored is JSON, and so is what comes back.
    const known = state === undefined ? undefined : (JSON.parse(JSON.stringify(state)) as never)
    const result = watch.step(options, known, input, now, place)
    if (result.state === null) states.delete(input.key)
    else if (result.state !== undefined) states.set(input.key, result.state as Json)
    for (const { name, at, body = null, periodMs } of result.timers ?? []) {
      if (at === undefined) timers.delete(`${input.key}|${name}`)
      else timers.set(`${input.key}|${name}`, { at, body, ...(periodMs === undefined ? {} : { periodMs }) })
    }
    for (const look of result.rechecks ?? [])
      asked.set(`${look.name} ${look.key}`, { ...look, row: input.key, dueAt: Math.max(look.at ?? now, now) })
    for (const event of result.events ?? []) {
      const said = toHubEvent(event, now, night.events.length)
      night.events.push(said)
      if (watch.events.includes(said.type)) see({ kind: 'event', event: said })
    }
  }
}

/** The plan as it is with these statuses; `null` takes one away. */
export function withStatuses(plan: Plan, changed: { readonly [module: string]: Json }, fields: JsonObject = {}): Plan {
  const modules = plan.modules.map((module) => {
    const { status: before, ...rest } = module
    const status = Object.hasOwn(changed, module.id) ? changed[module.id] : before
    return status === undefined || status === null ? rest : { ...rest, status }
  })
  const { plan: old } = plan
  return { ...plan, modules, plan: { ...(old as JsonObject), ...fields } } as Plan
}

/** Redis has changed, and the source has seen it: plan 1 is like this now. */
export function show(night: Night, plan: Plan): void {
  night.cluster.set('1', plan)
  night.see('1')
}

/** Nine in the morning: mail has failed in the night, and that was told. */
export function startInIncident(): Night {
  const night = startNight('06:00')
  night.repositories.set('1/mail1', repositories['yesterday'] ?? {})
  show(night, withStatuses(plans['daily'] as Plan, statuses['june1'] ?? {}))
  night.until('09:00')
  assert.equal(night.said().length, 1)
  return night
}

/** The same run, days later. */
export function shifted(status: Json | undefined, days: number, fields: JsonObject = {}): JsonObject {
  const { start, end, ...rest } = status as { start: number; end: number }
  return { ...rest, start: start + days * 86_400, end: end + days * 86_400, ...fields }
}

/** A time of day is one of 1 June 2026, UTC. */
export function toTime(text: string): number {
  const at = Date.parse(/^\d\d:/.test(text) ? `2026-06-01T${text}Z` : text)
  if (Number.isNaN(at)) throw new Error(`no time: ${text}`)
  return at
}

function lineOf(event: HubEvent): string {
  const { type, severity, title = '', condition, data } = event
  const mark =
    condition === undefined
      ? typeof data['notice'] === 'string'
        ? data['notice']
        : '-'
      : `${condition.key} ${condition.state}`
  const outcome = typeof data['outcome'] === 'string' ? data['outcome'] : '-'
  const provisional = data['provisional'] === true ? ' provisional' : ''
  const time = new Date(event.time).toISOString().slice(5, 19).replace('T', ' ')
  return `${time} ${type.slice(7)} ${severity} ${outcome}${provisional} [${mark}] ${title}`
}

function toHubEvent(event: NewEvent, now: number, index: number): HubEvent {
  const type = (types as readonly EventType[]).find(({ name }) => name === event.type)
  const labels: { [name: string]: string } = { ...event.labels }
  for (const name of type?.labels ?? []) {
    const value = event.data?.[name]
    if (typeof value === 'string') labels[name] = value
  }
  return {
    severity: type?.severity ?? 'info',
    data: {},
    ...event,
    seq: index,
    id: String(index),
    time: event.time ?? now,
    receivedAt: now,
    source: 'ns8',
    labels,
  }
}

function answerOf(answer: Answer): JsonObject {
  if (answer === 'silent') throw new Error('what is silent cannot be seen')
  return answer
}

function earliest<Value>(
  rows: ReadonlyMap<string, Value>,
  timeOf: (value: Value) => number,
): [string, Value] | undefined {
  let best: [string, Value] | undefined
  for (const [key, value] of rows) if (best === undefined || timeOf(value) < timeOf(best[1])) best = [key, value]
  return best
}

function fixture<Value>(name: string): { readonly [key: string]: Value } {
  const path = new URL(`../fixtures/ns8/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')) as { readonly [key: string]: Value }
}
