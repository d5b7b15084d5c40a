// Asks Alertmanager for the alerts that fire, as NethServer's own page does: its configuration has no place for a receiver of ours.
import { request } from '../../lib/http.ts'
import type { Log } from '../../source.ts'
import { alertNames, readPolled } from './alerts.ts'
import type { AlertDesk } from './alert-desk.ts'

export interface AlertPollTools {
  readonly signal: AbortSignal
  readonly log: Log
  measure(name: string, value: number): void
}

const withinMs = 10_000
const mostBytes = 4 * 1024 * 1024

/** Asks once; a list that could not be had changes nothing, and is said once. */
export function createAlertPoll(base: string, desk: AlertDesk, tools: AlertPollTools): () => Promise<void> {
  let problem: string | undefined

  function say(now: string | undefined): void {
    if (now !== undefined && problem === undefined)
      tools.log.warn(`${now}; alerts that are posted here still count. With alertmanager: false it is not asked`)
    if (now === undefined && problem !== undefined) tools.log.info('Alertmanager can be asked for its alerts again')
    problem = now
    tools.measure('alertmanager_up', now === undefined ? 1 : 0)
  }

  return async () => {
    const answer = await request({
      url: addressOf(base),
      headers: { accept: 'application/json' },
      timeoutMs: withinMs,
      maxBytes: mostBytes,
      signal: tools.signal,
    })
    if (tools.signal.aborted) return
    const where = URL.parse(base)?.origin ?? ''
    if (!answer.answered) return say(`Alertmanager could not be asked for its alerts: ${answer.detail}`)
    if (answer.status !== 200)
      return say(`Alertmanager at ${where} answered ${answer.status} when asked for its alerts`)
    const polled =
      answer.cut === true ? { error: `its answer is longer than ${mostBytes} bytes` } : readPolled(answer.body)
    if ('error' in polled) return say(`Alertmanager at ${where} could not be understood: ${polled.error}`)
    say(undefined)
    await desk.takePolled(polled.told, polled.present)
  }
}

/** All that are not over, those that are silenced too; only ours. */
function addressOf(base: string): string {
  const url = new URL(`${base.replace(/[?#].*$/, '').replace(/\/+$/, '')}/api/v2/alerts`)
  url.searchParams.set('filter', `alertname=~"${[...alertNames].join('|')}"`)
  return url.href
}
