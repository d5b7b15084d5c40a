// The hub: wires every part into one running program. The only file that knows them all.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { realClock } from './engine/clock.ts'
import { createEngine, type Engine } from './engine/engine.ts'
import { Mistake } from './engine/mistake.ts'
import { describeDifference, diffConfig, keysForRestart } from './config/diff.ts'
import { explain } from './config/explain.ts'
import type { HubConfig, Listen } from './config/config.ts'
import { isLoopback, readListen } from './config/listen.ts'
import { readConfiguration } from './hub/configuration.ts'
import type { AccessToken } from './http/auth.ts'
import { createServer } from './http/server.ts'
import { type Agents, createAgents } from './hub/agents/agents.ts'
import { agentOf } from './hub/agents/door.ts'
import { assemble, type AssemblyTools } from './hub/assemble.ts'
import { createDoor } from './hub/door.ts'
import { dryRunWords } from './hub/dry-run.ts'
import { createActs } from './hub/watchman/acts.ts'
import { createWatchman } from './hub/watchman/watchman.ts'
import { createGrapher } from './hub/graph/graph.ts'
import { startHeartbeat } from './hub/heartbeat.ts'
import { createLog } from './hub/log.ts'
import { createObserver } from './hub/observe.ts'
import { createSources } from './hub/sources.ts'
import { takeSpool } from './hub/spool.ts'
import { ensureToken } from './hub/token.ts'
import { watchStore } from './hub/store-watch.ts'
import { startUpkeep } from './hub/upkeep.ts'
import { request } from './lib/http.ts'
import { localTime, machineZone } from './lib/local-time.ts'
import { placeStore } from './store/place.ts'
import { openSqlite } from './store/sqlite.ts'
import type { Store } from './store/store.ts'
import { version } from './version.ts'
import type { Issue } from './words.ts'

export interface HubOptions {
  /** A file; absent: the usual places, else the built-in default. */
  readonly config?: string
  /** The data folder; absent: `hub.data`, else `./sereno-data`. */
  readonly data?: string
  /** Overrides `hub.listen`. */
  readonly listen?: string
  /** For people who start it by hand: the address of the page, messages of the console channel. */
  print(line: string): void
}

export interface Hub {
  readonly url: string
  /** All or nothing: with issues, the config before stays in force. */
  reload(): Promise<Reloaded>
  stop(): Promise<void>
}

export type Reloaded =
  | { readonly ok: true; readonly message: string }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/** What is being sent may take this long to come to its end when we stop. */
const stopWaitMs = 5000

/** Throws an `Error` with sentences for people when it cannot start. */
export async function startHub(options: HubOptions): Promise<Hub> {
  const startedAt = Date.now()
  const log = createLog()
  const read = (): ReturnType<typeof readConfiguration> =>
    readConfiguration({ config: options.config, env: process.env, cwd: process.cwd() })
  const found = await read()
  if (found.config === undefined) throw new Error(explain(found.issues).join('\n'))
  for (const warning of explain(found.warnings)) log.warn(warning)
  const tools: AssemblyTools = {
    now: () => Date.now(),
    request,
    print: options.print,
    log,
    graph: (graph) => grapher.picture(graph),
  }
  if (found.config.hub.dryRun) log.warn(dryRunWords)
  let assembly = await assemble(found.config, found.document, tools)
  const folder = resolve(options.data ?? assembly.config.hub.data)
  const { hub } = assembly.config
  const listen = options.listen === undefined ? hub.listen : readListenOption(options.listen, hub)
  const { token, made } = ensureToken(folder)
  const storePath = placeStore(folder, hub.store)
  const store = await openSqlite({ path: storePath })
  // Undone from the last to the first: when the hub stops, and when its start comes to nothing.
  await using running = new AsyncDisposableStack()
  running.defer(() => rmSync(join(folder, 'hub.json'), { force: true }))
  running.defer(() => store.close())
  const grapher = createGrapher({
    store,
    now: tools.now,
    zone: () => assembly.config.hub.timezone ?? machineZone(),
    log,
  })
  running.defer(() => grapher.stop())
  const observer = createObserver(() => assembly, store, startedAt)
  const storeWatch = watchStore({ store, observer, log })
  const engine = createEngine({
    store,
    clock: realClock,
    judge: assembly.judge,
    committed: (draft) => observer.committed(draft, log),
    ask: (one) => (agentOf(one.source) === undefined ? sources : agents).ask(one),
    failed: (what, error) => {
      if (error instanceof Mistake) log.error(`${what} failed, by a fault of the program`, { error: error.stack })
      else storeWatch.failed(what, error)
    },
  })
  running.defer(() => engine.stop(stopWaitMs))
  const tokensOf = ({ config }: typeof assembly): AccessToken[] => [{ name: 'first', token }, ...config.hub.tokens]
  let configured = tokensOf(assembly)
  const agents: Agents = createAgents({
    engine,
    store,
    folder,
    now: tools.now,
    configured: () => configured,
    changed: () => server.useTokens(agents.tokens()),
    storeFailed: storeWatch.failed,
    log,
  })
  running.defer(() => agents.stop())
  const zone = assembly.config.hub.timezone ?? machineZone()
  const time = (at: number): string => localTime(at, zone)
  const acts = createActs({ engine, store, now: tools.now, time })
  const watchman = createWatchman({
    store,
    acts,
    rules: () => assembly.judge.rules,
    problems: () => observer.health(engine.lanes()).checks.flatMap(({ ok, detail }) => (ok ? [] : [detail])),
    now: tools.now,
    zone,
    time,
  })
  const sources = createSources({
    engine,
    store,
    now: tools.now,
    measure: observer.measure,
    answer: (question) => watchman.answer(question),
    stopped: observer.sourceStopped,
    storeFailed: storeWatch.failed,
    routes: agents.routes,
    log,
  })

  let reloading: Promise<unknown> = Promise.resolve()

  /** One after the other: two at once would start a source twice. */
  function reload(): Promise<Reloaded> {
    const next = reloading.then(reloadNow)
    reloading = next.catch(() => {})
    return next
  }

  async function reloadNow(): Promise<Reloaded> {
    const next = await read()
    if (next.config === undefined) {
      log.error('the config was not put into force; the one before stays', { mistakes: explain(next.issues) })
      return { ok: false, issues: next.issues }
    }
    const before = assembly
    const after = await assemble(next.config, next.document, tools)
    const { moved, closed } = await engine.reload(after.judge, after.senders, after.document)
    assembly = after
    configured = tokensOf(after)
    server.useTokens(agents.tokens())
    await sources.runWith(after.sources)
    const changed = describeDifference(diffConfig(before.config, after.config))
    const parts = [changed]
    if (moved > 0) parts.push(`${moved} waiting messages went to the fallback or died, their channel is gone`)
    if (closed > 0) parts.push(`${closed} open conditions ended, nobody watches them any more`)
    // What stands on the command line stays what it is.
    const later = keysForRestart(hub, after.config.hub).filter(
      (key) => (key !== 'listen' && key !== 'data') || options[key] === undefined,
    )
    if (later.length > 0) parts.push(describeLater(later))
    const message = parts.join('; ')
    log.info(message)
    if (after.config.hub.dryRun) log.warn(dryRunWords)
    return { ok: true, message }
  }

  // Before the first overdue job runs: what it waits for may stand in what was written while we were away.
  for (const source of assembly.sources) engine.catchingUp(source.name, source.kind.reader !== undefined)
  await engine.start(assembly.senders, assembly.document)
  const door = createDoor({
    engine,
    store,
    sources,
    agents,
    observer,
    grapher,
    log,
    acts,
    watchman,
    reload,
    url: () => hub.url ?? server.url,
    assembly: () => assembly,
    startedAt,
    file: found.file,
  })
  const server = createServer({
    listen,
    ...(hub.tls === undefined ? {} : { tls: hub.tls }),
    ...(hub.url === undefined ? {} : { url: hub.url }),
    maxBodyBytes: hub.maxBodyBytes,
    tokens: agents.tokens(),
    door,
  })
  const { url } = await server.listen()
  running.defer(() => server.close())
  running.defer(() => sources.stop())
  const pageUrl = hub.url ?? url
  writeHubFile(folder, url, startedAt)
  await tellStart(engine, store, found.file)
  await sources.runWith(assembly.sources)
  const handler = sources.routes.find((route) => route.path === '/api/v1/events')?.handler
  await takeSpool({ folder: join(folder, 'spool'), handler, log })
  running.defer(
    startUpkeep({
      store,
      storePath,
      engine,
      log,
      retention: () => assembly.config.hub.retention,
      history: () => assembly.config.hub.history,
    }),
  )
  running.defer(startHeartbeat({ engine, log, request, options: () => assembly.config.hub.heartbeat }))
  running.defer(() => storeWatch.stop())
  // A secret is shown once, and to whoever sits in front of it; a journal need not keep it at every start.
  const page =
    made || process.stdout.isTTY
      ? `${pageUrl}/?token=${token}`
      : `${pageUrl}/ (the token is in ${join(folder, 'token')})`
  options.print(`Sereno ${version} is on watch. Its page: ${page}`)

  const stops = running.move()
  return { url, reload, stop: () => stops.disposeAsync() }
}

function describeLater(keys: readonly string[]): string {
  const names = keys.map((key) => `hub.${key}`)
  const last = names.pop()
  return `${names.length === 0 ? `${last} waits` : `${names.join(', ')} and ${last} wait`} for a restart of the hub`
}

async function tellStart(engine: Engine, store: Store, file: string): Promise<void> {
  const receivedAt = Date.now()
  const event = { type: 'sereno.started', data: { version, config: file } }
  await engine.submit([{ kind: 'event', source: 'sereno', event, receivedAt }])
  const { lost } = store.opened
  if (lost === undefined) return
  const data = {
    setAside: lost.setAside,
    recovered: lost.recovered,
    from: toTime(lost.from),
    until: toTime(lost.until),
  }
  await engine.submit([{ kind: 'event', source: 'sereno', event: { type: 'sereno.store-lost', data }, receivedAt }])
}

function toTime(at: number): string {
  return new Date(at).toISOString()
}

/** Where the command line finds the running hub. */
function writeHubFile(folder: string, url: string, startedAt: number): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'hub.json'), JSON.stringify({ url, pid: process.pid, startedAt: toTime(startedAt) }), {
    mode: 0o600,
  })
}

/** `--listen` is held to the same rules as `hub.listen`. */
function readListenOption(text: string, hub: HubConfig): Listen {
  const listen = readListen(text)
  if (listen === undefined) throw new Error(`--listen ${text} is no address; give HOST:PORT, such as 127.0.0.1:8723`)
  if (!isLoopback(listen.host) && hub.tls === undefined && !hub.insecure) {
    throw new Error(`--listen ${text} is beyond this machine: configure hub.tls, or say hub.insecure: true`)
  }
  return listen
}
