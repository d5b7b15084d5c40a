// Runs the source: reads when something changed and every few minutes, takes alerts in, and answers what the watch asks.
import { NotStored, type Recheck, type SourceTools } from '../../source.ts'
import { createAlertDesk } from './alert-desk.ts'
import { createAlertPoll } from './alert-poll.ts'
import type { Ns8Options } from './options.ts'
import { createPlanDesk } from './plan-desk.ts'
import { listenForChanges, readCluster } from './redis.ts'
import { createRepositoryDesk } from './repository-desk.ts'
import { startTicker, type Ticker } from '../../lib/ticker.ts'

/** A run writes several keys in a row. */
const changeMs = 200
/** While Redis refuses, or the store. */
const refusedMs = 30_000
/** Until it is known which repositories there are. */
const unknownMs = 1000

export async function runSource(options: Ns8Options, given: SourceTools): Promise<void> {
  const failed = new AbortController()
  const signal = AbortSignal.any([given.signal, failed.signal])
  try {
    await run(options, { ...given, signal })
  } finally {
    // What failed in one of its parts must not leave the others running beside those of the next start.
    failed.abort()
  }
}

async function run(options: Ns8Options, tools: SourceTools): Promise<void> {
  const { signal, log } = tools
  const place = { url: options.redis, signal }
  const plans = createPlanDesk({
    ...tools,
    plans: options.plans,
    read: () => readCluster(place),
    zoneOf: (node) => options.zones[node] ?? tools.place.zone,
  })
  const alerts = createAlertDesk({
    ...tools,
    plans: options.plans,
    truncated() {
      looking.soon(0)
      polling?.soon(0)
    },
  })
  const repositories = createRepositoryDesk(options.probe, tools)

  for (const path of ['/alert', '/alert/', `/api/v1/webhook/${tools.name}`]) tools.route('POST', path, alerts.answer)
  tools.onRecheck((request) => answer(request, plans, repositories, tools))

  const looking: Ticker = startTicker(async () => {
    const isRead = await unlessFull(() => plans.look())
    return isRead === true ? options.poll : Math.min(options.poll, refusedMs)
  }, signal)
  const rounds = startTicker(async () => {
    const known = plans.repositories()
    if (known === undefined) return unknownMs
    return (await unlessFull(() => repositories.round(known))) ?? refusedMs
  }, signal)
  const polling = options.alertmanager === false ? undefined : startPolling(options.alertmanager)

  function startPolling(base: string): Ticker {
    const poll = createAlertPoll(base, alerts, tools)
    return startTicker(async () => {
      await unlessFull(poll)
      return options.alertPoll
    }, signal)
  }

  const listening = listenForChanges(place, {
    changed: () => looking.soon(changeMs),
    listening: () => looking.soon(0),
    lost: () => looking.soon(0),
    forbidden: (problem) => log.warn(`changes in the cluster are seen only when it is read: ${problem}`),
  })
  await Promise.all([looking.ended, rounds.ended, polling?.ended, listening])
}

async function answer(
  { name, key, body }: Recheck,
  plans: ReturnType<typeof createPlanDesk>,
  repositories: ReturnType<typeof createRepositoryDesk>,
  { log }: SourceTools,
): Promise<void> {
  if (name === 'backup.plan') return plans.answer(key)
  if (name === 'backup.repository') return repositories.answer(key, body)
  log.warn(`nothing of the name ${JSON.stringify(name).slice(0, 100)} can be looked up here`)
}

/** What the store refuses is said by the hub, and tried again. */
async function unlessFull<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof NotStored) return undefined
    throw error
  }
}
