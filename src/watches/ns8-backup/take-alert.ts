// Takes in an alert: a new occurrence wants a look at the plan, a repeat nothing, and one taken back proves nothing.
import type { AlertFact } from './facts.ts'
import type { Alert } from './state.ts'
import { change, type Work } from './work.ts'

const mostAlerts = 20

export function takeAlert(work: Work, fact: AlertFact): void {
  const { alerts } = work.state
  const key = keyOf(fact)
  const known = alerts.find((alert) => alert.key === key)
  const others = alerts.filter((alert) => alert.key !== key)
  if (fact.firing) {
    if (known?.startsAt === fact.startsAt)
      return void (known.firing || keep(work, others, { ...known, firing: true, changedAt: work.now }))
    return keep(work, others, toAlert(work, key, fact))
  }
  if (known === undefined || !known.firing) return
  keep(work, others, { ...known, firing: false, changedAt: work.now })
  const { incident } = work.state
  if (incident !== undefined) change(work, { incident: { ...incident, clearedAt: work.now } })
}

/** Alertmanager's own name for it is made of the labels alone, so it stays the same from one occurrence to the next. */
function keyOf({ fingerprint, alertname, node = '', planName = '' }: AlertFact): string {
  return fingerprint ?? `${alertname}/${node}/${planName}`
}

function toAlert({ now }: Work, key: string, fact: AlertFact): Alert {
  const { alertname, startsAt, startedAt, node, planName, text } = fact
  return {
    key,
    alertname,
    startsAt,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(node === undefined ? {} : { node }),
    ...(planName === undefined ? {} : { planName }),
    text,
    firing: true,
    missing: /missing/i.test(alertname),
    at: now,
    changedAt: now,
    open: true,
  }
}

/** Those taken back go first when there are too many. */
function keep(work: Work, others: readonly Alert[], alert: Alert): void {
  const sorted = [...others, alert].toSorted((a, b) => Number(a.firing) - Number(b.firing) || a.changedAt - b.changedAt)
  change(work, { alerts: sorted.slice(-mostAlerts) })
}
