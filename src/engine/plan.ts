// What is known of an input before its state is: whom it meets, and which rows the decision needs; pure.
import { toKey } from '../lib/key.ts'
import { dedupeKey } from '../rules/dedupe.ts'
import { bundleOfGroup, groupKey } from '../rules/group.ts'
import { lateKey } from '../rules/late.ts'
import { match } from '../rules/match.ts'
import { clockKey, windowsKey } from '../rules/mute.ts'
import { silencesKey } from '../rules/silence.ts'
import { bundleOf, throttleKey } from '../rules/throttle.ts'
import type { Rule } from '../rule.ts'
import type { Fact, HubEvent } from '../words.ts'
import { type ConditionJob, keyOfEvent } from './condition-row.ts'
import { judgeTimeKey, maxAgeOf, type Sketch, toSketch } from './event.ts'
import type { EventInput, FactInput, Input, JobInput } from './input.ts'
import type { Judge } from './judge.ts'
import { channelStateKey } from './report.ts'
import { recheckKey, type TimerBody, watchesOf, watchKey } from './watching.ts'

/** An input with all that is known of it before its state is: whom it meets, and which rows the decision needs. */
export interface Plan {
  readonly input: Input
  readonly keys: readonly string[]
  readonly identity?: string
  readonly sketch?: Sketch
  readonly matched?: readonly Rule[]
}

export function plan(judge: Judge, input: Input): Plan {
  switch (input.kind) {
    case 'event':
      return planEvent(judge, input)
    case 'job':
      return { input, keys: [input.job.key, ...otherKeys(input)] }
    case 'outcome':
      return { input, keys: [channelStateKey(input.delivery.channel), ...(input.delivery.extra.conditions ?? [])] }
    case 'fact':
      return planFact(judge, input)
    case 'command':
    case 'config':
      return { input, keys: [] }
  }
}

function planEvent(judge: Judge, input: EventInput): Plan {
  const sketch = toSketch(judge, input)
  const event = { ...sketch, seq: 0, id: '' }
  const matched = rulesFor(judge, event)
  const keys = [judgeTimeKey(sketch)]
  if (matched.length > 0) {
    keys.push(silencesKey)
    if (sketch.host !== undefined && judge.mutes.some((mute) => mute.covers === undefined))
      keys.push(windowsKey(sketch.host), clockKey)
  }
  const condition = keyOfEvent(sketch)
  if (condition !== undefined) keys.push(condition)
  for (const rule of matched) {
    for (const channel of rule.to) keys.push(...keysFor(judge, rule, channel, event))
  }
  const { identity } = input.event
  if (identity === undefined) return { input, keys, sketch, matched }
  return { input, keys, sketch, matched, identity: toKey(input.source, identity.producer, identity.id) }
}

function planFact(judge: Judge, input: FactInput): Plan {
  const { source, fact } = input
  const sees = { kind: 'fact', fact: toFact(input, 0) } as const
  const rows = watchesOf(judge, sees).map(({ watch, row }) => watchKey(watch.name, row))
  return { input, keys: [recheckKey(source, fact.name, fact.key), clockKey, ...rows] }
}

/** A fact in its position. */
export function toFact({ fact, source, receivedAt }: FactInput, seq: number): Fact {
  return { ...fact, seq, source, time: fact.time ?? receivedAt, receivedAt }
}

function keysFor(judge: Judge, rule: Rule, channel: string, event: HubEvent): string[] {
  const keys: string[] = []
  if (rule.dedupe !== undefined) keys.push(dedupeKey(rule, channel, event))
  if (rule.group !== undefined) {
    const key = groupKey(rule, channel, event)
    keys.push(key, bundleOfGroup(key))
  }
  if (rule.throttle !== undefined) keys.push(...paceKeys(rule.name, channel))
  if (judge.channels.get(channel)?.throttle !== undefined) keys.push(...paceKeys('', channel))
  if (event.receivedAt - event.time > maxAgeOf(judge, event.source)) {
    keys.push(lateKey(event.source, channel))
  }
  return keys
}

function paceKeys(rule: string, channel: string): [string, string] {
  const key = throttleKey(rule, channel)
  return [key, bundleOf(key)]
}

function otherKeys({ job }: JobInput): string[] {
  if (job.kind === 'bundle') return [job.key.replace(/^bundle\|/, '')]
  if (job.kind.startsWith('condition-')) return [(job.body as ConditionJob).condition]
  if (job.kind !== 'timer' && job.kind !== 'recheck') return []
  const { watch, row } = job.body as TimerBody
  return [watchKey(watch, row), clockKey]
}

/** Rules that an event meets, in order, up to the first that says `stop`. */
export function rulesFor(judge: Judge, event: HubEvent): Rule[] {
  const matched: Rule[] = []
  for (const rule of judge.rules) {
    if (!match(rule, event).matched) continue
    matched.push(rule)
    if (rule.stop) break
  }
  return matched
}
