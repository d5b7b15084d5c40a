// Tells in words what became of an event: for each rule and channel its verdict, and for each rule without one, why.
import { localTimeBeside, localTime } from '../lib/local-time.ts'
import { printable } from '../lib/printable.ts'
import { match } from '../rules/match.ts'
import type { Rule } from '../rule.ts'
import type { DeliveryDetail } from '../store/store.ts'
import type { HubEvent, Verdict } from '../words.ts'
import { fallbackRule } from './condition-row.ts'
import { attemptLines, deliveryWords, extraWords, verdictWords, type Times } from './why-words.ts'

export interface WhyInput {
  readonly event: HubEvent
  readonly verdicts: readonly Verdict[]
  /** Those that name the event and those its verdicts point into, as far as they are still kept. */
  readonly deliveries: readonly DeliveryDetail[]
  /** The rules in force now, top down; absent: not known. */
  readonly rules?: readonly Rule[]
  /** IANA name: the reader's zone. */
  readonly zone: string
}

export interface Why {
  /** For each verdict what it means. */
  readonly chain: readonly WhyStep[]
  /** The rules that had no say, top down. */
  readonly others: readonly WhyNot[]
  /** All of it as lines to print; safe for a terminal. */
  readonly lines: readonly string[]
}

export interface WhyStep {
  readonly rule: string
  readonly channel: string
  readonly state: Verdict['state']
  readonly words: string
  /** One per attempt, when there is more to tell than one success. */
  readonly attempts: readonly string[]
}

export interface WhyNot {
  readonly rule: string
  readonly words: string
}

export function explainEvent(input: WhyInput): Why {
  const times: Times = {
    full: (at) => localTime(at, input.zone),
    beside: (at) => localTimeBeside(at, input.event.time, input.zone),
  }
  const chain = [...input.verdicts].sort(byRule(input.rules ?? [])).flatMap((verdict) => stepsOf(verdict, input, times))
  const others = whyNot(input)
  return { chain, others, lines: [...headLines(input.event, times), ...bodyLines(input, chain, others)].map(printable) }
}

/** The verdict's own message, then those of further recipients of the same channel. */
function stepsOf(verdict: Verdict, input: WhyInput, times: Times): WhyStep[] {
  const { rule, channel, state } = verdict
  const detail = input.deliveries.find((entry) => entry.delivery.id === verdict.into)
  const own: WhyStep = {
    rule,
    channel,
    state,
    words: verdictWords(verdict, detail?.delivery, times),
    attempts: detail === undefined ? [] : attemptLines(detail, times),
  }
  if (detail === undefined) return [own]
  const { delivery } = detail
  // A repeat shares a message that tells of another event; what else that message says is no news of this one.
  if (state === 'merged' && delivery.kind !== 'digest') return [own]
  const twins = input.deliveries.filter(
    (entry) =>
      entry.delivery.id !== delivery.id &&
      entry.delivery.channel === channel &&
      entry.delivery.rule === delivery.rule &&
      entry.delivery.thread === delivery.thread &&
      entry.delivery.kind === delivery.kind &&
      entry.delivery.recipient !== delivery.recipient &&
      entry.delivery.events.includes(verdict.event),
  )
  const rest = twins.map((twin) => ({
    rule,
    channel,
    state,
    words: `for ${twin.delivery.recipient}: message ${twin.delivery.id} ${deliveryWords(twin.delivery, times)}`,
    attempts: attemptLines(twin, times),
  }))
  const more = extraWords(delivery, verdict.event, times)
  return [{ ...own, words: more === '' ? own.words : `${own.words}; ${more}` }, ...rest]
}

function whyNot({ event, verdicts, rules }: WhyInput): WhyNot[] {
  // The hub itself chose the channel, as in a test of one: no rule was asked.
  if (verdicts.some((verdict) => isHubs(verdict.rule) && verdict.rule !== fallbackRule)) return []
  if (event.condition?.state === 'resolved') return []
  const had = new Set(verdicts.map((verdict) => verdict.rule))
  const others: WhyNot[] = []
  let stoppedBy: string | undefined
  for (const rule of rules ?? []) {
    const result = match(rule, event)
    if (had.has(rule.name)) {
      // A rule with verdicts was reached and matched, whatever it says today.
    } else if (stoppedBy !== undefined) {
      others.push({ rule: rule.name, words: `was not asked: rule "${stoppedBy}" above it says stop` })
    } else if (!result.matched) {
      others.push({ rule: rule.name, words: `did not match: ${result.why}` })
    } else if (rule.to.length === 0) {
      others.push({ rule: rule.name, words: 'matched, and tells no channel' })
    } else {
      others.push({ rule: rule.name, words: 'would match today, but had no say then: the rules have changed since' })
    }
    if (rule.stop && (result.matched || had.has(rule.name))) stoppedBy ??= rule.name
  }
  return others
}

function headLines(event: HubEvent, times: Times): string[] {
  const what = event.title ?? event.subject ?? event.text ?? ''
  const where = [event.severity, `from ${event.source}`, ...(event.host === undefined ? [] : [`on ${event.host}`])]
  const lines = [
    [event.id, event.type, times.full(event.time), ...(what === '' ? [] : [what]), `(${where.join(', ')})`].join('  '),
  ]
  if (event.condition !== undefined) lines.push(`condition "${event.condition.key}": ${event.condition.state}`)
  if (event.receivedAt - event.time > 60_000) lines.push(`received ${times.beside(event.receivedAt)}, late`)
  if (event.cause !== undefined) lines.push('made by the hub itself')
  return lines
}

function bodyLines(input: WhyInput, chain: readonly WhyStep[], others: readonly WhyNot[]): string[] {
  const known = new Set(input.rules?.map((rule) => rule.name))
  const opening = (rule: string): string => {
    if (rule === fallbackRule) return 'as a fallback'
    if (isHubs(rule)) return rule.slice(1, -1)
    const gone = input.rules === undefined || known.has(rule) ? '' : ' (no longer in the configuration)'
    // No rule is asked of an end: it follows its beginning.
    return input.event.condition?.state === 'resolved'
      ? `follows its beginning by rule "${rule}"${gone}`
      : `rule "${rule}"${gone} matched`
  }
  const lines = chain.flatMap((step) => [
    `${opening(step.rule)} → ${step.channel}: ${step.words}`,
    ...step.attempts.map((attempt) => `  ${attempt}`),
  ])
  if (chain.length === 0) lines.push(silentWords(input))
  return [...lines, ...others.map((other) => `rule "${other.rule}" ${other.words}`)]
}

function silentWords({ event, rules }: WhyInput): string {
  if (event.condition?.state === 'resolved') return 'recorded: an end is told only where its beginning was told'
  if (rules === undefined) return 'no rule matched: recorded, and nobody was told'
  if (rules.length === 0) return 'recorded, and nobody was told: the configuration has no rules'
  return 'no rule matched: recorded, and nobody was told'
}

/** Where the hub tells a channel of its own accord, it writes the reason in the rule's place. */
function isHubs(rule: string): boolean {
  return rule.startsWith('(') && rule.endsWith(')')
}

function byRule(rules: readonly Rule[]): (a: Verdict, b: Verdict) => number {
  const place = new Map(rules.map((rule, index) => [rule.name, index]))
  const of = (verdict: Verdict): number => place.get(verdict.rule) ?? rules.length
  return (a, b) => of(a) - of(b) || compare(a.rule, b.rule) || compare(a.channel, b.channel)
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
