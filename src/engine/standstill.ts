// A job that is due again the moment it has run would run for ever: a promise of ours that is broken, refused before anything of it is stored.
import type { Job } from '../words.ts'
import type { Draft } from './draft.ts'
import { Mistake } from './mistake.ts'

export class Standstill extends Mistake {
  override readonly name = 'Standstill'
}

/** `job` has just been stepped; `before` is what stood under its key until then. */
export function refuseStandstill(job: Job, before: Job | undefined, draft: Draft, now: number): void {
  // Another input had taken or moved it.
  if (before?.dueAt !== job.dueAt) return
  const next = draft.jobOf(job.key)
  if (next === undefined || next.kind !== job.kind || next.dueAt > now) return
  // What is asked of a source is due again when no answer has come, and may be asked anew at once.
  if (job.kind === 'recheck') return
  // With rows that have yet to be loaded it may come out otherwise: it is stepped once more.
  if (draft.missing.size + draft.missingDeliveries.size > 0) return
  const [at, due] = [now, next.dueAt].map((time) => new Date(time).toISOString())
  throw new Standstill(`a job of kind ${job.kind} ran at ${at} and wants to run again at ${due}: ${job.key}`)
}
