// The end of a run: told as a report or in the plan's incident, and remembered as what later runs are measured by.
import { hasRunAgain, isGood, type Judged, type Judgement, type Outcome } from './correlate.ts'
import { isReadable, own } from './facts.ts'
import { signatureOf, tellRun } from './incident.ts'
import { alertData, toNotice } from './report.ts'
import type { Alert, Concluded, Run } from './state.ts'
import { changeTrends } from './trends.ts'
import { memory, type Lengths, type RunWindow } from './window.ts'
import { trendWords, utcMinute } from './words.ts'
import { change, type Work } from './work.ts'

export function conclude(work: Work, judgement: Judgement, outcome: Outcome, alerts: readonly Alert[]): void {
  const { run } = work.state
  if (run === undefined) return
  const concluded = toConcluded(work, run, judgement, outcome)
  if (run.concluded === undefined) change(work, { lengths: measure(work.state.lengths, run.window, judgement) })
  change(work, {
    run: {
      window: run.window,
      probes: run.probes,
      ...(run.badSince === undefined ? {} : { badSince: run.badSince }),
      concluded,
    },
    saved: { ...work.state.saved, ...savedOf(judgement) },
  })
  tellRun(work, { outcome, judgement, signature: concluded.signature, ...(alerts.length > 0 ? { alerts } : {}) })
  if (isGood(outcome)) tellContradictions(work, concluded.endedAt)
  for (const judged of judgement.modules) tellTrends(work, judged)
}

function toConcluded(work: Work, run: Run, judgement: Judgement, outcome: Outcome): Concluded {
  const starts = judgement.modules.flatMap(({ module: { id, status } }): [string, number][] =>
    isReadable(status) ? [[id, status.start]] : [],
  )
  const ends = judgement.modules.flatMap(({ status }) => (status === undefined ? [] : [status.end * 1000]))
  return {
    at: work.now,
    outcome,
    signature: signatureOf(outcome, judgement),
    starts: Object.fromEntries(starts),
    ...(ends.length === 0 ? {} : { endedAt: Math.max(...ends) }),
  }
}

/** Only a run of which all is known says how long one takes. */
function measure(lengths: Lengths, window: RunWindow, { modules }: Judgement): Lengths {
  const { again } = window
  const ran = modules.flatMap(({ module, status }) =>
    status !== undefined && (again === undefined || hasRunAgain(module, again))
      ? [{ node: module.node ?? '', ...status }]
      : [],
  )
  if (ran.length === 0) return lengths
  const start = Math.min(...ran.map((one) => one.start))
  const first = Map.groupBy(ran, ({ node }) => node)
  const plan =
    ran.length < modules.length ? lengths.plan : keep(lengths.plan, Math.max(...ran.map(({ end }) => end)) - start)
  const nodes = [...first].map(([node, all]) => {
    const took = Math.min(...all.map(({ end }) => end)) - Math.min(...all.map((one) => one.start))
    return [node, keep(own(lengths.first, node) ?? [], took)] as const
  })
  return { plan, first: Object.fromEntries(nodes) }
}

function keep(values: readonly number[], value: number): number[] {
  return [...values, value].slice(-memory)
}

function savedOf({ modules }: Judgement): { [module: string]: number } {
  return Object.fromEntries(
    modules.flatMap(({ module, savedAt }) => (savedAt === undefined ? [] : [[module.id, savedAt]])),
  )
}

/** An alert that a run is missing, while its end is on record. */
export function tellContradictions(work: Work, endedAt: number | undefined): void {
  const wrong = work.state.alerts.filter(({ missing, firing, told }) => missing && firing && !told)
  if (wrong.length === 0) return
  change(work, {
    alerts: work.state.alerts.map((alert) => (wrong.includes(alert) ? { ...alert, told: true } : alert)),
  })
  const words = `missing alert contradicted by run${endedAt === undefined ? '' : ` ended ${utcMinute(endedAt)}`}`
  work.events.push(toNotice(work, 'CONTRADICTION', 'info', words, { outcome: 'SUCCESS', alerts: wrong.map(alertData) }))
}

function tellTrends(work: Work, { module, verdict, status }: Judged): void {
  if (verdict !== 'OK' || status === undefined) return
  const good = own(work.state.good, module.id) ?? []
  const run = good.findLast(([start]) => start === status.start)
  if (run === undefined) return
  const before = own(work.state.trends, module.id) ?? {}
  const { fresh, told } = changeTrends(
    run,
    good.filter(([start]) => start < run[0]),
    before,
    work.options.trends,
  )
  change(work, { trends: { ...work.state.trends, [module.id]: told } })
  for (const trend of fresh) {
    const { kind, now, usual, change: fraction } = trend
    work.events.push(
      toNotice(work, kind, 'warning', trendWords(module.id, trend), {
        outcome: 'SUCCESS',
        module: module.id,
        now,
        usual,
        ...(fraction === undefined ? {} : { change: fraction }),
      }),
    )
  }
}
