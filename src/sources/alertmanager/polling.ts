// Looks at Alertmanager's list again and again: what is new is told, what is gone is resolved, a failed look ends nothing.
import { NotStored } from '../../source.ts'
import type { Json, NewEvent } from '../../words.ts'
import { type Alert, isKeptQuiet, isObject, readListed } from './alert.ts'
import type { Sighting } from './ledger.ts'
import type { Options } from './options.ts'
import { type Asking, askForAlerts, hasSettled, type List } from './poll.ts'
import { type Desk, report } from './report.ts'

export interface Polling {
  /** Resolves when the source is stopped. */
  run(): Promise<void>
  /** Looks as soon as is decent. */
  hurry(): void
}

/** The row that says that a failure was told, and when it began; no fingerprint looks like it. */
export const failingRow = 'list failing'
/** So many failures in a row are told. */
const toldAfter = 3
/** After one look the next one comes no sooner. */
const soonestMs = 1000
/** One that Alertmanager's post said to be over may be in the list of its peer for a moment. */
const peerMs = 60_000

export function createPolling(options: Options & { readonly url: string }, desk: Desk, saved?: Json): Polling {
  const { tools, ledger } = desk
  const { signal } = tools
  const asking: Asking = { options, signal, now: () => tools.now() }
  let hurry = (): void => {}
  let isHurried = false
  let failures = 0
  let failuresTotal = 0
  let failingSince = 0
  let toldSince = isObject(saved) && typeof saved['since'] === 'number' ? saved['since'] : undefined
  let isOddTold = false

  async function look(): Promise<void> {
    const askedAt = tools.now()
    const list = await askForAlerts(asking)
    if (signal.aborted) return
    if (list.ok) await take(list.alerts, askedAt)
    else await fail(list, askedAt)
  }

  async function take(alerts: readonly unknown[], askedAt: number): Promise<void> {
    await recover()
    const { known, news, odd } = sort(alerts, (alert) => ledger.hasEndedSince(alert.fingerprint, askedAt - peerMs))
    tellOdd(odd)
    await report(news, desk)
    const missing = ledger.firingUnheardSince(askedAt).filter((fingerprint) => !known.has(fingerprint))
    if (missing.length > 0 && (await hasSettled(asking)) && !signal.aborted) {
      const gone = missing.map((fingerprint): Sighting => ({ kind: 'gone', fingerprint, askedAt }))
      await report(gone, desk)
    }
    tools.measure('alerts_list_last_timestamp_seconds', tools.now() / 1000)
  }

  /** Each minute again, so in the log and not among the events. */
  function tellOdd(odd: readonly string[]): void {
    tools.measure('alerts_list_invalid', odd.length)
    if (odd.length > 0 && !isOddTold)
      tools.log.warn(`${odd.length} alerts in the list at ${options.url} cannot be read; the others are`, {
        source: tools.name,
        error: odd[0],
      })
    isOddTold = odd.length > 0
  }

  async function fail({ reason, detail }: Extract<List, { ok: false }>, at: number): Promise<void> {
    if (failures === 0) {
      failingSince = at
      tools.log.warn(`the list of alerts at ${options.url} could not be had; it is asked for again`, {
        source: tools.name,
        error: detail,
      })
    }
    failures += 1
    failuresTotal += 1
    tools.measure('alerts_list_failures_total', failuresTotal)
    tools.measure('alerts_list_failing', 1)
    if (failures < toldAfter || toldSince !== undefined) return
    const since = failingSince
    const event = failingEvent('firing', since, { reason, detail, failures, url: options.url })
    await tools.emit({ events: [event] }, { put: [[failingRow, { v: 1, since }]] })
    toldSince = since
  }

  async function recover(): Promise<void> {
    if (failures > 0) tools.log.info(`the list of alerts at ${options.url} is to be had again`, { source: tools.name })
    failures = 0
    tools.measure('alerts_list_failing', 0)
    if (toldSince === undefined) return
    const event = failingEvent('resolved', toldSince, { url: options.url })
    await tools.emit({ events: [event] }, { delete: [failingRow] })
    toldSince = undefined
  }

  function pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = (): void => resolve()
    const lookedAt = performance.now()
    let timer = setTimeout(end, isHurried ? soonestMs : options.poll)
    hurry = () => {
      clearTimeout(timer)
      timer = setTimeout(end, Math.max(0, lookedAt + soonestMs - performance.now()))
    }
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
    return promise.finally(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      hurry = () => {}
    })
  }

  return {
    async run() {
      while (!signal.aborted) {
        isHurried = false
        try {
          await look()
        } catch (error) {
          // The hub says so; the next look brings it all again.
          if (!(error instanceof NotStored)) throw error
        }
        await pause()
      }
    },
    hurry() {
      isHurried = true
      hurry()
    },
  }
}

interface Sorted {
  /** Fingerprints of all that are in the list, whatever they say. */
  readonly known: ReadonlySet<string>
  readonly news: readonly Sighting[]
  /** What is wrong with those that cannot be read. */
  readonly odd: readonly string[]
}

function sort(alerts: readonly unknown[], isJustOver: (alert: Alert) => boolean): Sorted {
  const known = new Set<string>()
  const news: Sighting[] = []
  const odd: string[] = []
  for (const element of alerts) {
    const alert = readListed(element)
    if (typeof alert === 'string') {
      odd.push(alert)
      if (isObject(element)) known.add(String(element['fingerprint']))
      continue
    }
    known.add(alert.fingerprint)
    if (!isKeptQuiet(element) && !isJustOver(alert)) news.push({ kind: 'polled', alert })
  }
  return { known, news, odd }
}

function failingEvent(state: 'firing' | 'resolved', since: number, data: { readonly [name: string]: Json }): NewEvent {
  const at = new Date(since).toISOString()
  return {
    type: 'sereno.source-failing',
    data: { ...data, since: at },
    condition: { key: failingRow, state },
    identity: { producer: failingRow, id: `${at}/${state}` },
  }
}
