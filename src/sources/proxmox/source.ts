// Runs the source: follows the ended tasks, looks at guests and storages, takes notifications in, answers what watches ask.
import { join } from 'node:path'
import { runCommand } from '../../lib/command.ts'
import { startTicker, type Ticker } from '../../lib/ticker.ts'
import { createTurns } from '../../lib/turns.ts'
import { followFile } from '../../source-file.ts'
import { NotStored, type SourceTools } from '../../source.ts'
import type { NewFact } from '../../words.ts'
import { readBootId, readProcessStart, readUptime } from './files.ts'
import { createLooks, type Looks, type Machine } from './looks.ts'
import type { Options } from './options.ts'
import { addFromLog } from './task-log.ts'
import { createTaskReader } from './task-reader.ts'
import { createWebhook } from './webhook.ts'

const thisMachine: Machine = {
  bootId: readBootId,
  uptime: readUptime,
  processes: { startOf: readProcessStart },
  async isStopping() {
    const end = await runCommand(['systemctl', 'is-system-running'], { timeoutMs: 5000 })
    return end.stdout.trim() === 'stopping'
  },
}

/** While the store refuses. */
const refusedMs = 30_000
/** A task that has ended is seen in the state of its guest soon after. */
const afterTaskMs = 1000
/** At the very first start, tasks that ended before are no news. */
const firstLookBackMs = 3_600_000

export async function runSource(options: Options, given: SourceTools, machine: Machine = thisMachine): Promise<void> {
  const failed = new AbortController()
  const signal = AbortSignal.any([given.signal, failed.signal])
  try {
    await run(options, { ...given, signal }, machine)
  } finally {
    // What failed in one of its parts must not leave the others running beside those of the next start.
    failed.abort()
  }
}

async function run(options: Options, tools: SourceTools, machine: Machine): Promise<void> {
  const { signal, place } = tools
  const node = options.node ?? nodeOf(place.host)
  const hostOf = toHostOf(node, place.host)
  tools.route('POST', `/api/v1/webhook/${tools.name}`, createWebhook({ ...options, hostOf }, tools))

  const looks = createLooks(options, node, tools, machine)
  // One look at a time: they know what was said last.
  const turns = createTurns(1)
  tools.onRecheck((request) => turns.take(() => looks.answer(request)))
  const looking = startTicker(async () => {
    const isDone = await unlessFull(() => turns.take(() => looks.round()))
    return isDone ? options.every : Math.max(options.every, refusedMs)
  }, signal)
  const following = followTasks(options, hostOf, tools, machine, { looks, looking })
  await Promise.all([looking.ended, following])
}

/** Proxmox calls a node by its host's name without the domain. */
export function nodeOf(host: string): string {
  return host.split('.')[0] ?? host
}

/** A node by the name of its host: the one that is looked at may be called otherwise than in Proxmox. */
export function toHostOf(node: string, host: string): (name: string) => string {
  return (name) => (name === '' || name.toLowerCase() === node.toLowerCase() ? host : name)
}

async function followTasks(
  { tasks }: Options,
  hostOf: (node: string) => string,
  tools: SourceTools,
  { uptime }: Machine,
  { looks, looking }: { readonly looks: Looks; readonly looking: Ticker },
): Promise<void> {
  if (tasks === false) {
    await unlessFull(() => tools.emit({}, { caughtUp: true }))
    return
  }
  // A guest has its name, and a failure of before is known to be over, when its tasks are told.
  await looks.first
  const since = (await tools.cursor()) === undefined ? await firstSince(tools.now(), uptime) : 0
  const emit: SourceTools['emit'] = async (batch, progress) => {
    const facts: NewFact[] = []
    for (const fact of batch.facts ?? []) facts.push(looks.withName(await addFromLog(tasks, fact)))
    const result = await tools.emit({ ...batch, facts }, progress)
    if (facts.length > 0) looking.soon(afterTaskMs)
    return result
  }
  await followFile({ path: join(tasks, 'index'), from: 'beginning' }, { ...tools, emit }, () =>
    createTaskReader({ hostOf, since }),
  )
}

/** Back to the boot, and of an old one so far that a person would still call it news. */
async function firstSince(now: number, uptime: Machine['uptime']): Promise<number> {
  const upMs = (await uptime()) ?? firstLookBackMs
  return now - Math.min(upMs, firstLookBackMs)
}

/** What the store refuses is said by the hub, and tried again. */
async function unlessFull(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error instanceof NotStored) return false
    throw error
  }
}
