// What is known of an input before its state is: whom it meets, and which rows the decision needs; pure.
import { toKey } from '../lib/key.ts'
import { dedupeKey } from '../rules/dedupe.ts'
import { lateKey } from '../rules/late.ts'
import { match } from '../rules/match.ts'
import { bundleOf, throttleKey } from '../rules/throttle.ts'
import type { Rule } from '../rule.ts'
import type { HubEvent } from '../words.ts'
import { judgeTimeKey, maxAgeOf, type Sketch, toSketch } from './event.ts'
import type { EventInput, Input, JobInput } from './input.ts'
import type { Judge } from './judge.ts'
import { channelStateKey } from './report.ts'

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
      return { input, keys: [input.job.key, ...pacesOf(input)] }
    case 'outcome':
      return { input, keys: [channelStateKey(input.delivery.channel)] }
    case 'fact':
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
  for (const rule of matched) {
    for (const channel of rule.to) keys.push(...keysFor(judge, rule, channel, event))
  }
  const { identity } = input.event
  if (identity === undefined) return { input, keys, sketch, matched }
  return { input, keys, sketch, matched, identity: toKey(input.source, identity.producer, identity.id) }
}

function keysFor(judge: Judge, rule: Rule, channel: string, event: HubEvent): string[] {
  const keys: string[] = []
  if (rule.dedupe !== undefined) keys.push(dedupeKey(rule, channel, event))
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

function pacesOf({ job }: JobInput): string[] {
  return job.kind === 'bundle' ? [job.key.replace(/^bundle\|/, '')] : []
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
