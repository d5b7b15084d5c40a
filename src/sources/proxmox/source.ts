// Runs the source: follows the ended tasks, looks at guests and storages, takes notifications in, answers what watches ask.
import { join } from 'node:path'
import { runCommand } from '../../lib/command.ts'
import { startTicker, type Ticker } from '../../lib/ticker.ts'
import { createTurns } from '../../lib/turns.ts'
import { bootFacts, toBootFact } from '../../source-boot.ts'
import { followFile } from '../../source-file.ts'
import { NotStored, type Recheck, type SourceTools } from '../../source.ts'
import type { NewFact } from '../../words.ts'
import { type Processes, readActive } from './active.ts'
import { createProxmox } from './ask.ts'
import { createFailing } from './failing.ts'
import { readBootId, readProcessStart, readUptime } from './files.ts'
import { createGuestDesk, type Looked } from './guest-desk.ts'
import type { Options } from './options.ts'
import { createStorageDesk } from './storage-desk.ts'
import { addFromLog } from './task-log.ts'
import { createTaskReader } from './task-reader.ts'
import type { Upid } from './upid.ts'
import { createWebhook } from './webhook.ts'

/** What this machine says of itself; tests say something else. */
export interface Machine {
  bootId(): Promise<string | undefined>
  uptime(): Promise<number | undefined>
  isStopping(): Promise<boolean>
  readonly processes: Processes
}

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
/** A configuration that is asked for guest by guest is asked for so often. */
const apiConfigMs = 600_000
/** A backup that has run for longer hangs, and is no reason to keep quiet. */
const longestBackupMs = 86_400_000
/** That a backup goes on is said so often. */
const backupSignMs = 600_000
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
  await Promise.all([looking.ended, followTasks(options, hostOf, tools, machine, looking)])
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
  looking: Ticker,
): Promise<void> {
  if (tasks === false) {
    await unlessFull(() => tools.emit({}, { caughtUp: true }))
    return
  }
  const since = (await tools.cursor()) === undefined ? await firstSince(tools.now(), uptime) : 0
  const emit: SourceTools['emit'] = async (batch, progress) => {
    const facts: NewFact[] = []
    for (const fact of batch.facts ?? []) facts.push(await addFromLog(tasks, fact))
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

interface Looks {
  round(): Promise<void>
  answer(request: Recheck): Promise<void>
}

function createLooks(options: Options, node: string, tools: SourceTools, machine: Machine): Looks {
  const { host } = tools.place
  const now = (): number => tools.now()
  const proxmox = createProxmox(options, node, tools.signal, now)
  const isApiConfig = options.api !== undefined && (options.config ?? 'api') === 'api'
  const guests = createGuestDesk({
    proxmox,
    host,
    configMs: isApiConfig ? apiConfigMs : 0,
    now,
    // What this machine says is about the node only where its tasks are at hand.
    bootId: async () => (options.tasks === false ? undefined : machine.bootId()),
    isStopping: async () => options.tasks !== false && machine.isStopping(),
  })
  const storages = createStorageDesk({ proxmox, host, now })
  const failing = createFailing(proxmox.where, tools)
  let backup: { readonly on: boolean; readonly at: number } | undefined

  async function running(): Promise<readonly Upid[] | undefined> {
    return options.tasks === false ? undefined : readActive(options.tasks, node, machine.processes)
  }

  function ofBackup(active: readonly Upid[] | undefined): readonly NewFact[] {
    if (active === undefined) return []
    const at = tools.now()
    const on = active.some(({ type, startedAt }) => type === 'vzdump' && at - startedAt < longestBackupMs)
    const isNews = backup?.on !== on || (on && at - backup.at >= backupSignMs)
    if (!isNews) return []
    backup = { on, at }
    return [toBootFact(bootFacts.backup, host, host, { on }, at)]
  }

  async function say({ facts }: Pick<Looked, 'facts'>): Promise<void> {
    if (facts.length === 0 || tools.signal.aborted) return
    try {
      await tools.emit({ facts })
    } catch (error) {
      // It was not heard: all of it is said again.
      guests.forget()
      storages.forget()
      backup = undefined
      throw error
    }
  }

  return {
    async round() {
      const active = await running()
      const guest = await guests.look(active ?? [])
      const storage = await storages.look()
      if (tools.signal.aborted) return
      await say({ facts: [...ofBackup(active), ...guest.facts, ...storage.facts] })
      const unread = guest.unread ?? storage.unread
      await (unread === undefined ? failing.well() : failing.failed(unread))
    },
    async answer({ name, key }) {
      if (name !== bootFacts.guest && name !== bootFacts.storage)
        return tools.log.warn(`nothing of the name ${JSON.stringify(name).slice(0, 100)} can be looked up here`)
      const looked =
        name === bootFacts.guest ? await guests.look((await running()) ?? [], true) : await storages.look(true)
      const isAnswered = looked.facts.some((fact) => fact.key === key)
      // What is not there, or cannot be looked at, is an answer too.
      const other = looked.unread === undefined ? { names: [] } : { names: [], unread: looked.unread.unread }
      const answer = isAnswered ? [] : [toBootFact(name, key, host, other, tools.now())]
      await say({ facts: [...looked.facts, ...answer] })
    },
  }
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
