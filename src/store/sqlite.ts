// The SQLite store: a worker with the one writing connection, and a second one for pages, retention and backups.
import { Worker } from 'node:worker_threads'
import { existsSync } from 'node:fs'
import { callOn } from './call.ts'
import { type FlatHistory, toHistory } from './history-query.ts'
import type { Rolled } from './history-roll.ts'
import { lockFolder } from './lock.ts'
import { pack } from './pack.ts'
import { recoverIfDamaged } from './recover.ts'
import { SqliteFile } from './sqlite-file.ts'
import type { Answer, Call } from './sqlite-worker.ts'
import { type Commit, type Loaded, type Opened, type Store, StoreFailed } from './store.ts'
import type { Json } from '../words.ts'

export interface SqliteOptions {
  /** A file, or `:memory:` for a store in place that is gone with the process. */
  readonly path: string
  readonly readOnly?: boolean
  readonly now?: number
}

/** Throws an `Error` with a sentence for people when the folder is in use or the schema is newer. */
export async function openSqlite({ path, readOnly = false, now = Date.now() }: SqliteOptions): Promise<Store> {
  if (path === ':memory:') return openInPlace()
  const lock = readOnly ? undefined : lockFolder(path)
  try {
    const created = !existsSync(path)
    const lost = readOnly ? undefined : recoverIfDamaged(path, now)
    const writer = await startThread(path, readOnly)
    // The first answer comes after the schema is in place: the reading connection must not begin before.
    await writer.call('setting', 'config')
    const reader = lazyThread(path, readOnly)
    const opened: Opened = { created, ...(lost === undefined ? {} : { lost }) }
    return createStore(opened, writer.call, readOnly ? writer.call : reader.call, async () => {
      await Promise.all([writer.close(), reader.close()])
      lock?.release()
    })
  } catch (error) {
    lock?.release()
    throw error
  }
}

type Committed = ReturnType<Store['commit']>
const none: Awaited<Committed> = new Map()

type CallStore = (method: string, ...args: readonly unknown[]) => Promise<unknown>

function createStore(opened: Opened, write: CallStore, read: CallStore, close: () => Promise<void>): Store {
  const from =
    (call: CallStore, method: string) =>
    async (...args: readonly unknown[]): Promise<never> =>
      (await call(method, ...args)) as never
  return {
    opened,
    nextSeq: from(write, 'nextSeq'),
    load: from(write, 'load'),
    commit: async (batch: Commit) => ((await write('commit', pack(batch))) as Awaited<Committed> | undefined) ?? none,
    dueJobs: from(write, 'dueJobs'),
    waiting: from(write, 'waiting'),
    waitingChannels: from(write, 'waitingChannels'),
    interrupted: from(write, 'interrupted'),
    namedEvents: from(write, 'namedEvents'),
    cursor: from(write, 'cursor'),
    rows: from(write, 'rows'),
    jobs: from(write, 'jobs'),
    handles: from(write, 'handles'),
    setting: from(write, 'setting'),
    facts: from(read, 'facts'),
    states: async (prefix) => JSON.parse(String(await read('states', prefix))) as [string, Json][],
    events: from(read, 'events'),
    event: from(read, 'event'),
    verdicts: from(read, 'verdicts'),
    deliveries: from(read, 'deliveries'),
    delivery: from(read, 'delivery'),
    inputs: from(read, 'inputs'),
    totals: from(read, 'totals'),
    hosts: from(read, 'hosts'),
    host: from(read, 'host'),
    history: async (query) => toHistory((await read('history', query)) as FlatHistory),
    // Most hubs know no hosts: no thread is started for them.
    roll: async () => ((await write('hasHosts')) === true ? roll(read) : 0),
    forgetHost: from(read, 'forgetHost'),
    prune: from(read, 'prune'),
    backup: from(read, 'backup'),
    copyState: from(read, 'copyState'),
    quickCheck: from(read, 'quickCheck'),
    close,
  }
}

/** In small steps, between which others may ask. */
async function roll(call: CallStore): Promise<number> {
  let rolled = 0
  for (let more = true; more;) {
    const last = (await call('rollFacts')) as Rolled
    rolled += last.facts
    more = last.more
  }
  for (const host of (await call('hostsToFold')) as readonly string[]) await call('foldHost', host)
  return rolled
}

function openInPlace(): Store {
  const file = new SqliteFile(':memory:')
  const call: CallStore = async (method, ...args) => callOn(file, method, args)
  return createStore({ created: true }, call, call, async () => file.close())
}

interface Thread {
  readonly call: CallStore
  /** It answers nothing any more. */
  readonly failed: boolean
  close(): Promise<void>
}

/** Most hubs are looked at rarely: a thread is 10 MB, so it starts with a question and ends some time after the last one. */
const idleThreadMs = 10_000

function lazyThread(path: string, readOnly: boolean): Pick<Thread, 'call' | 'close'> {
  let started: Promise<Thread> | undefined
  let asked = 0
  let timer: NodeJS.Timeout | undefined
  const end = async (): Promise<void> => {
    clearTimeout(timer)
    const thread = started
    started = undefined
    await (await thread)?.close()
  }
  return {
    call: async (method, ...args) => {
      clearTimeout(timer)
      asked += 1
      started ??= startThread(path, readOnly)
      const mine = started
      try {
        return await (await mine).call(method, ...args)
      } catch (error) {
        // One that died, as of a list too large for its memory, is no reason to refuse what is asked next.
        const thread = await mine.catch(() => undefined)
        if (started === mine && thread?.failed !== false) started = undefined
        throw error
      } finally {
        asked -= 1
        if (asked === 0) timer = setTimeout(() => void end(), idleThreadMs).unref()
      }
    },
    close: end,
  }
}

async function startThread(path: string, readOnly: boolean): Promise<Thread> {
  const entry = import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './store-worker.js'
  const worker = new Worker(new URL(entry, import.meta.url), {
    workerData: { path, readOnly },
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 },
  })
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let calls = 0
  let failed: Error | undefined
  const fail = (error: Error): void => {
    failed = error
    for (const { reject } of open.values()) reject(error)
    open.clear()
  }
  worker.on('message', (answer: Answer) => {
    const waiting = open.get(answer.call)
    open.delete(answer.call)
    if (answer.ok) waiting?.resolve(answer.value)
    else waiting?.reject(answer.name === 'StoreFailed' ? new StoreFailed(answer.message) : new Error(answer.message))
  })
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', () => fail(new StoreFailed('the store was closed')))
  const call: CallStore = (method, ...args) => {
    if (failed !== undefined) return Promise.reject(failed)
    return new Promise((resolve, reject) => {
      calls += 1
      open.set(calls, { resolve, reject })
      worker.postMessage({ call: calls, method, args } satisfies Call)
    })
  }
  return {
    call,
    get failed() {
      return failed !== undefined
    },
    close: async () => {
      if (failed === undefined) await call('close')
      await worker.terminate()
    },
  }
}

export type { Loaded }
