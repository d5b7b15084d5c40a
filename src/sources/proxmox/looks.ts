// Looks at what there is on the node: running tasks, guests, storages; says what has changed, and answers what watches ask.
import { bootFacts, toBootFact } from '../../source-boot.ts'
import type { Recheck, SourceTools } from '../../source.ts'
import type { NewFact } from '../../words.ts'
import { type Processes, readActive } from './active.ts'
import { createProxmox } from './ask.ts'
import { createFailing } from './failing.ts'
import { createGuestDesk, type Looked } from './guest-desk.ts'
import type { Options } from './options.ts'
import { createStorageDesk } from './storage-desk.ts'
import type { Upid } from './upid.ts'

/** What this machine says of itself; tests say something else. */
export interface Machine {
  bootId(): Promise<string | undefined>
  uptime(): Promise<number | undefined>
  isStopping(): Promise<boolean>
  readonly processes: Processes
}

export interface Looks {
  /** Resolves when all was looked at once, or the source is stopped. */
  readonly first: Promise<void>
  /** The fact of a task with the name of its guest, as far as it is known. */
  withName(fact: NewFact): NewFact
  round(): Promise<void>
  answer(request: Recheck): Promise<void>
}

/** A configuration that is asked for guest by guest is asked for so often. */
const apiConfigMs = 600_000
/** A backup that has run for longer hangs, and is no reason to keep quiet. */
const longestBackupMs = 86_400_000
/** That a backup goes on is said so often. */
const backupSignMs = 600_000

export function createLooks(options: Options, node: string, tools: SourceTools, machine: Machine): Looks {
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
  const { promise: first, resolve: hasLooked } = Promise.withResolvers<void>()
  tools.signal.addEventListener('abort', () => hasLooked())
  let isBootSaid = false
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

  /** Once, before all else, so that whoever judges boots knows of it first. */
  async function ofBoot(): Promise<readonly NewFact[]> {
    if (isBootSaid || options.tasks === false) return []
    const [bootId, upMs] = [await machine.bootId(), await machine.uptime()]
    if (bootId === undefined || upMs === undefined) return []
    const boot = { bootId, uptimeSeconds: Math.round(upMs / 1000) }
    return [toBootFact(bootFacts.boot, host, host, boot, tools.now())]
  }

  async function say({ facts }: Pick<Looked, 'facts'>): Promise<void> {
    if (facts.length === 0 || tools.signal.aborted) return
    try {
      const boot = await ofBoot()
      await tools.emit({ facts: [...boot, ...facts] })
      isBootSaid ||= boot.length > 0
    } catch (error) {
      // It was not heard: all of it is said again.
      guests.forget()
      storages.forget()
      backup = undefined
      throw error
    }
  }

  return {
    first,
    withName(fact) {
      const name = fact.name === bootFacts.task ? guests.nameOf(Number(fact.data['id'])) : undefined
      return name === undefined ? fact : { ...fact, data: { ...fact.data, name } }
    },
    async round() {
      const active = await running()
      const guest = await guests.look(active ?? [])
      const storage = await storages.look()
      if (tools.signal.aborted) return
      await say({ facts: [...ofBackup(active), ...guest.facts, ...storage.facts] })
      hasLooked()
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
