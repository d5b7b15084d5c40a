// Steps commands: what people and the hub itself want done; pure.
import { clockKey, steppedMs } from '../rules/mute.ts'
import { type Silence, type Silences, silencesKey } from '../rules/silence.ts'
import { closeCondition } from './condition-jobs.ts'
import { putRow, readRow } from './condition-row.ts'
import type { Derived, Draft } from './draft.ts'
import type { Command } from './input.ts'
import type { Judge } from './judge.ts'
import type { Reach, Stepped } from './step.ts'
import { expireAtOf } from './tell.ts'
import { noteRetry } from './thread-outcome.ts'
import { forgetHost, type RecheckBody, recheckKey, runWatch, unanswered } from './watching.ts'

export interface CommandTools {
  readonly judge: Judge
  readonly draft: Draft
  readonly now: number
  /** Makes an event in the hub's own name and judges it; returns its id. */
  derive(given: Derived & Partial<Reach>): string
}

/** Steps one command; returns the id of the event it made, if it made one. */
export function stepCommand(command: Command, seq: number, tools: CommandTools): Stepped {
  const { judge, draft, now, derive } = tools
  switch (command.name) {
    case 'tell': {
      const { channel, event, rule } = command
      return { id: derive({ event, cause: seq, only: [channel], rule }) }
    }
    case 'retry': {
      const delivery = noteRetry(command.delivery, { judge, draft, now })
      const expireAt = expireAtOf(delivery.kind, judge.channels.get(delivery.channel), now)
      const { endedAt: _ended, ...open } = delivery
      draft.deliveries.set(delivery.seq, { ...open, state: 'queued', unanswered: 0, dueAt: now, expireAt })
      if (delivery.extra.settled === true) return {}
      for (const [index, event] of delivery.events.entries()) {
        const verdict = {
          event,
          rule: delivery.extra.rules?.[index] ?? delivery.rule,
          channel: delivery.channel,
          by: 'outbox',
          into: delivery.id,
          at: now,
        }
        draft.verdicts.push({ ...verdict, state: 'queued', reason: 'to be sent again by hand' })
      }
      return {}
    }
    case 'clock-jump': {
      draft.shiftJobsMs += command.byMs
      draft.put(clockKey, steppedMs(draft) + command.byMs)
      const data = { bySeconds: command.byMs / 1000 }
      return { id: derive({ event: { type: 'sereno.clock-jump', data }, cause: seq }) }
    }
    case 'close': {
      const row = readRow(draft, command.condition)
      if (row?.state === 'open') closeCondition(row, command.by, seq, { judge, draft, now })
      return {}
    }
    case 'silence':
      putSilences(draft, now, (list) => [...list.filter(({ id }) => id !== command.silence.id), command.silence])
      return {}
    case 'unsilence':
      putSilences(draft, now, (list) =>
        list.map((one) => (one.id === command.silence && one.until > now ? { ...one, until: now } : one)),
      )
      for (const key of command.held) {
        const job = draft.jobOf(key)
        if (job !== undefined && job.dueAt > now) draft.job({ ...job, dueAt: now })
      }
      return {}
    case 'ack': {
      const row = readRow(draft, command.condition)
      if (row?.state === 'open') putRow(draft, { ...row, acked: { by: command.by, at: now } }, now)
      return {}
    }
    case 'awake':
      return awake(command, seq, tools)
    case 'begin': {
      const watch = judge.watches.find(({ name }) => name === command.watch)
      if (watch !== undefined)
        runWatch(watch, { kind: 'begin', key: command.row }, undefined, { draft, now, cause: seq })
      return {}
    }
    case 'run': {
      const watch = judge.watches.find(({ name }) => name === command.watch)
      const key = watch?.kind.runs
      if (watch === undefined || key === undefined) return {}
      runWatch(watch, { kind: 'timer', key, name: 'now', body: null }, undefined, { draft, now, cause: seq })
      return {}
    }
    case 'forget-host':
      forgetHost(judge, command.host, { draft, now, cause: seq })
      return {}
    case 'forget':
      for (const key of command.rows) draft.put(key, undefined)
      for (const key of command.jobs) draft.cancel(key)
      return {}
    case 'unanswered': {
      const job = draft.jobOf(recheckKey(command.source, command.fact, command.key))
      if (job === undefined) return {}
      draft.cancel(job.key)
      unanswered(judge, job.body as RecheckBody, { draft, now, cause: seq })
      return {}
    }
  }
}

/** A silence that is over is kept so long, for those who look back. */
const silenceKeptMs = 7 * 86_400_000
/** And so many: a script that adds and ends them in a loop does not count against the most there may be. */
const mostOverSilences = 200

function putSilences(draft: Draft, now: number, change: (list: readonly Silence[]) => readonly Silence[]): void {
  const row = draft.get(silencesKey) as Silences | undefined
  const list = change(row?.list ?? []).filter(({ until }) => until > now - silenceKeptMs)
  const over = list.filter(({ until }) => until <= now).toSorted((one, other) => one.until - other.until)
  const tooMany = new Set(over.slice(0, Math.max(0, over.length - mostOverSilences)))
  const kept = list.filter((one) => !tooMany.has(one))
  draft.put(silencesKey, kept.length === 0 ? undefined : ({ v: 1, list: kept } satisfies Silences))
}

/** So long a sender may need to find us again. */
const graceMs = 60_000
/** A shorter absence is no news. */
const blindMs = 60_000

/**
 * We were away: what was said meanwhile may have been missed, so all that stands for silence waits a full period anew;
 * after a short absence no longer than ten minutes, or a hub that is restarted every day would never notice a silence of two.
 */
function awake(command: Awake, seq: number, { draft, now, derive }: CommandTools): Stepped {
  const { from, until, jobs } = command
  const isShort = until - from < blindMs
  for (const job of jobs) {
    const periodMs = job.periodMs ?? 0
    const dueAt = now + (isShort ? Math.min(periodMs, 600_000) : periodMs) + graceMs
    if (draft.jobOf(job.key)?.dueAt === job.dueAt && dueAt > job.dueAt) draft.job({ ...job, dueAt })
  }
  if (isShort) return {}
  const data = { from: new Date(from).toISOString(), until: new Date(until).toISOString() }
  return { id: derive({ event: { type: 'sereno.blind', data }, cause: seq }) }
}

type Awake = Extract<Command, { name: 'awake' }>
