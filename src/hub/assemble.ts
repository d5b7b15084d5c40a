// Makes a checked config into what runs: kinds loaded, the judge's rules, senders for the channels.
import { hostname } from 'node:os'
import type { ChannelKind } from '../channel.ts'
import type { ChannelConfig, Config } from '../config/config.ts'
import { graceOf, toMute } from '../config/mute.ts'
import { machineZone } from '../lib/local-time.ts'
import { createDrySender } from './dry-run.ts'
import { createSender, type SenderTools } from '../engine/sender.ts'
import type { ChannelFacts, Judge, JudgeWatch, SourceFacts } from '../engine/judge.ts'
import type { Sender } from '../engine/lane.ts'
import type { EventType } from '../event-type.ts'
import { loadChannel, loadEventTypes, loadSource, loadWatch, ownWatchNames, watchNames } from '../registry.ts'
import type { ReaderPlace, SourceKind } from '../source.ts'
import { loopback, loopbackFacts, loopbackSender } from './heartbeat.ts'
import { createTemplates } from './templates.ts'
import type { Json } from '../words.ts'

export interface Assembly {
  readonly config: Config
  readonly judge: Judge
  readonly senders: ReadonlyMap<string, Sender>
  readonly sources: readonly AssembledSource[]
  readonly types: ReadonlyMap<string, EventType>
  /** The config as it stands in the file, secrets as references. */
  readonly document: Json
}

export interface AssembledSource {
  readonly name: string
  readonly kindName: string
  readonly kind: SourceKind
  readonly options: unknown
  readonly place: ReaderPlace
  /** CIDR ranges from which its routes need no token. */
  readonly open: readonly string[]
}

export type AssemblyTools = Pick<SenderTools, 'now' | 'request' | 'print' | 'log' | 'graph'>

export async function assemble(config: Config, document: Json, tools: AssemblyTools): Promise<Assembly> {
  const types = await loadEventTypes()
  const zone = config.hub.timezone ?? machineZone()
  const templates = await createTemplates(config, types)
  const senderTools: SenderTools = {
    ...tools,
    types,
    zone,
    ...(templates === undefined ? {} : { template: templates }),
    ...(config.hub.url === undefined ? {} : { hubUrl: config.hub.url }),
  }
  const channels = new Map<string, ChannelFacts>()
  const senders = new Map<string, Sender>()
  for (const channel of config.channels) {
    const { name, options, minIntervalMs } = channel
    const kind = await loadChannel(channel.kind)
    channels.set(name, factsOf(kind, channel))
    const sender = createSender({ name, kind, options, minIntervalMs }, senderTools)
    senders.set(name, config.hub.dryRun ? createDrySender(name, sender, tools.print) : sender)
  }
  channels.set(loopback, loopbackFacts)
  senders.set(loopback, loopbackSender)
  const all = await Promise.all(config.sources.map((source) => assembleSource(source, zone)))
  // What an agent runs is named here for its watch, its labels and its age alone.
  const sources = all.filter(({ name }) => !isRemote(name))
  return {
    config,
    judge: {
      rules: config.rules,
      channels,
      ...(config.hub.fallback === undefined ? {} : { fallback: config.hub.fallback }),
      sources: new Map(config.sources.map((source): [string, SourceFacts] => [source.name, sourceFacts(source)])),
      types,
      watches: await assembleWatches(config, all, zone),
      mutes: await Promise.all(config.mutes.map((mute) => toMute(mute, zone))),
    },
    senders,
    sources,
    types,
    document,
  }
}

/** Those that are configured by themselves, and those that stand beside a source. */
async function assembleWatches(
  { watches, mutes }: Config,
  sources: readonly AssembledSource[],
  zone: string,
): Promise<JudgeWatch[]> {
  const grace = graceOf(mutes)
  const own = watches.map(async ({ name, kind, options }) => {
    return { name, kind: await loadWatch(kind), options, place: { name, zone, host: hostname(), grace } }
  })
  const beside = sources.map(async ({ name, kindName, options, place }) => {
    const isBeside = watchNames.includes(kindName) && !ownWatchNames.includes(kindName)
    const kind = isBeside ? await loadWatch(kindName) : undefined
    if (kind === undefined) return []
    return [{ name, kind, options, place: { name, zone: place.zone, host: place.host, grace }, source: name }]
  })
  return [...(await Promise.all(own)), ...(await Promise.all(beside)).flat()]
}

function factsOf(kind: ChannelKind, { options, throttle, expireAfterMs, fallback }: ChannelConfig): ChannelFacts {
  return {
    recipients: kind.recipients?.(options) ?? [''],
    expireAfterMs,
    idempotency: kind.limits.idempotency,
    ...(throttle === undefined ? {} : { throttle }),
    ...(fallback === undefined ? {} : { fallback }),
  }
}

function sourceFacts(source: Config['sources'][number]): SourceFacts {
  return {
    maxAgeMs: source.maxAgeMs,
    labels: source.labels,
    ...(source.host === undefined ? {} : { host: source.host }),
  }
}

async function assembleSource(source: Config['sources'][number], zone: string): Promise<AssembledSource> {
  return {
    name: source.name,
    kindName: source.kind,
    kind: await loadSource(source.kind),
    options: source.options,
    place: { zone: source.timezone ?? zone, host: source.host ?? agentOf(source.name) ?? hostname() },
    open: source.open,
  }
}

/** `pve1/proxmox`: the source that agent pve1 calls proxmox. */
function isRemote(name: string): boolean {
  return name.includes('/')
}

function agentOf(name: string): string | undefined {
  return isRemote(name) ? name.slice(0, name.indexOf('/')) : undefined
}
