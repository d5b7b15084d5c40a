// Takes one event past its rules: which of them owns it on which channel, and whether a thread takes it in; pure.
import type { Rule } from '../rule.ts'
import type { HubEvent } from '../words.ts'
import { keyOfEvent, readRow } from './condition-row.ts'
import type { Move } from './conditions.ts'
import { passStages, type StageTools } from './stages.ts'
import { continueThreads, endThreads, flap } from './threads.ts'

/** An event that has a position, with what became of its condition. */
export interface Judged {
  readonly event: HubEvent
  readonly move?: Move
}

export interface JudgeTools extends StageTools {
  /** The channel that must not hear of it: the one it names. */
  readonly not?: string | undefined
}

/** Takes an event past the rules that matched it. */
export function judgeEvent({ event, move }: Judged, matched: readonly Rule[], tools: JudgeTools): void {
  // An end without a beginning is told to nobody; that of what was told follows its threads, whatever the rules say.
  if (move?.kind === 'none') return
  if (move?.kind === 'resolved') return endThreads(move.row, event, tools)
  if (move?.kind === 'reopened') flap(move.row, move.before, tools)
  const owners = new Map<string, string>()
  for (const rule of matched) {
    for (const channel of rule.to) {
      const { draft, now, not } = tools
      const verdict = { event: event.seq, rule: rule.name, channel, at: now }
      const owner = owners.get(channel)
      if (owner === rule.name) continue
      if (owner !== undefined) {
        const reason = `rule ${owner} owns this event on ${channel}`
        draft.verdicts.push({ ...verdict, state: 'merged', by: 'owner', reason })
        continue
      }
      owners.set(channel, rule.name)
      if (channel === not) {
        const reason = 'a channel is not told of its own failure'
        draft.verdicts.push({ ...verdict, state: 'suppressed', by: 'outbox', reason })
        continue
      }
      const told = judgeFor(event, move, rule, channel, tools)
      if (told === rule.name) continue
      const reason = `rule ${told} has told of it on ${channel}`
      draft.verdicts.push({ ...verdict, state: 'merged', by: 'owner', reason })
      owners.set(channel, told)
    }
  }
}

/** Goes on in the channel's thread of the condition, or begins one; returns the rule in whose name. */
function judgeFor(event: HubEvent, move: Move | undefined, rule: Rule, channel: string, tools: JudgeTools): string {
  const severity = rule.severity ?? event.severity
  const key = keyOfEvent(event)
  const row = key === undefined ? undefined : readRow(tools.draft, key)
  if (row === undefined || move === undefined || move.kind === 'none' || move.kind === 'resolved') {
    passStages({ event, rule, channel, severity }, tools)
    return rule.name
  }
  const to = { rule: rule.name, channel, severity }
  const done = move.kind === 'opened' ? 'begins' : continueThreads(row, event, move, to, tools)
  if (typeof done === 'object') return done.rule
  passStages({ event, condition: row, rule, channel, severity }, tools, done === 'worse' ? 'all' : undefined)
  return rule.name
}
