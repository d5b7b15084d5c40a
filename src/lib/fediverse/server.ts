// What a server of the fediverse is and what it takes: its software, limits and features, as it says itself.
import type { HttpAnswer, HttpRequest } from '../http.ts'
import type { Counting } from './length.ts'

export type Software = 'mastodon' | 'pleroma' | 'akkoma' | 'firefish' | 'other'

export interface Server {
  readonly software: Software
  /** As it calls itself, such as `mastodon 4.4.1`. */
  readonly name: string
  /** Characters that a post may have; absent: it did not say. */
  readonly maxLength?: number
  /** Of the line that is shown before a folded post, where it has a limit of its own. */
  readonly maxSpoiler?: number
  readonly counting: Counting
  /** Media types of text that it takes; none: it knows but one, plain. */
  readonly contentTypes: readonly string[]
  /** Where its streams are, such as `wss://streaming.example.org`. */
  readonly streaming?: string
  /** What its own accounts have behind their second @. */
  readonly domain?: string
}

export type Ask = (request: HttpRequest) => Promise<HttpAnswer>

/** Origin of the server; `software`: what it is known to be. Undefined: it said nothing that could be understood. */
export async function discover(origin: string, ask: Ask, software?: Software): Promise<Server | undefined> {
  const get = (path: string): Promise<unknown> => read(ask, { url: origin + path })
  const info = software === undefined ? await readNodeInfo(origin, get) : undefined
  const known = software ?? (info === undefined ? undefined : softwareOf(info.name))
  const name = info === undefined ? (software ?? 'unknown') : `${info.name} ${info.version}`.trim()
  if (known === 'firefish') return readMisskey(origin, name, ask)
  const instance = (await get('/api/v2/instance')) ?? (await get('/api/v1/instance'))
  if (!isObject(instance)) {
    if (known === undefined || known === 'other') return readMisskey(origin, name, ask)
    return { software: known, name, counting: countings[known], contentTypes: info?.formats ?? [] }
  }
  return readInstance(instance, known, name, info?.formats ?? [])
}

/** How each counts when it does not say so. */
export const countings: { readonly [software in Software]: Counting } = {
  mastodon: { urlLength: 23, freeDomains: true, unit: 'grapheme' },
  pleroma: { freeDomains: false, unit: 'grapheme' },
  akkoma: { freeDomains: false, unit: 'grapheme' },
  firefish: { freeDomains: false, unit: 'utf-16' },
  other: { freeDomains: false, unit: 'utf-16' },
}

function readInstance(instance: Fields, known: Software | undefined, name: string, formats: readonly string[]): Server {
  const version = text(instance['version'])
  const software = known === undefined || known === 'other' ? (compatible(version) ?? known ?? 'mastodon') : known
  const statuses = object(object(instance['configuration'])['statuses'])
  const maxLength = count(statuses['max_characters']) ?? count(instance['max_toot_chars'])
  const reserved = count(statuses['characters_reserved_per_url'])
  const types = [
    ...formats,
    ...texts(statuses['supported_mime_types']),
    ...texts(object(object(instance['pleroma'])['metadata'])['post_formats']),
  ]
  const streaming =
    text(object(object(instance['configuration'])['urls'])['streaming']) ||
    text(object(instance['urls'])['streaming_api'])
  const domain = hostOf(text(instance['domain']) || text(instance['uri']))
  const counting = countings[software]
  return {
    software,
    name: name === 'unknown' ? `${software} ${version}`.slice(0, 100) : name,
    ...(maxLength === undefined ? {} : { maxLength }),
    // Pleroma says 0 for "as long as it is"; another than Mastodon may mean what it says.
    counting:
      counting.urlLength === undefined || reserved === undefined ? counting : { ...counting, urlLength: reserved },
    contentTypes: [...new Set(types)],
    ...(/^wss?:\/\/[^\s]+$/.test(streaming) ? { streaming } : {}),
    ...(domain === undefined ? {} : { domain }),
  }
}

async function readMisskey(origin: string, name: string, ask: Ask): Promise<Server | undefined> {
  const meta = await read(ask, {
    url: `${origin}/api/meta`,
    headers: { 'content-type': 'application/json' },
    body: '{"detail":false}',
  })
  if (!isObject(meta)) return undefined
  const maxLength = count(meta['maxNoteTextLength'])
  const domain = hostOf(text(meta['uri']))
  // Misskey itself takes 100 characters there; its relatives more.
  return {
    software: 'firefish',
    name,
    ...(maxLength === undefined ? {} : { maxLength }),
    maxSpoiler: 100,
    counting: countings.firefish,
    contentTypes: [],
    ...(domain === undefined ? {} : { domain }),
  }
}

interface NodeInfo {
  readonly name: string
  readonly version: string
  readonly formats: readonly string[]
}

/** https://nodeinfo.diaspora.software/protocol.html */
async function readNodeInfo(origin: string, get: (path: string) => Promise<unknown>): Promise<NodeInfo | undefined> {
  const index = await get('/.well-known/nodeinfo')
  const links = isObject(index) && Array.isArray(index['links']) ? (index['links'] as readonly unknown[]) : []
  const hrefs = links
    .slice(0, 10)
    .map((link) => URL.parse(isObject(link) ? text(link['href']) : '', origin))
    // Another place has no say in what this one is.
    .filter((href) => href !== null && href.host === new URL(origin).host)
  const last = hrefs.at(-1)
  if (last == null) return undefined
  const info = await get(last.pathname + last.search)
  if (!isObject(info)) return undefined
  const software = object(info['software'])
  const name = text(software['name']).slice(0, 50).toLowerCase()
  if (name === '') return undefined
  const formats = texts(object(info['metadata'])['postFormats'])
  return { name, version: text(software['version']).slice(0, 50), formats }
}

/** Those that speak Misskey's own API. */
const misskeys = [
  'misskey',
  'firefish',
  'calckey',
  'foundkey',
  'sharkey',
  'iceshrimp',
  'cherrypick',
  'magnetar',
  'catodon',
]

function softwareOf(name: string): Software {
  if (misskeys.includes(name)) return 'firefish'
  return name === 'mastodon' || name === 'pleroma' || name === 'akkoma' ? name : 'other'
}

/** `2.7.2 (compatible; Akkoma 3.13.2)` */
function compatible(version: string): Software | undefined {
  const found = /\(compatible; (\w+)/i.exec(version)?.[1]?.toLowerCase()
  return found === undefined ? undefined : softwareOf(found)
}

/** An answer's JSON; undefined for whatever is none. */
async function read(ask: Ask, request: HttpRequest): Promise<unknown> {
  const answer = await ask({ maxBytes: mostBytes, timeoutMs, ...request, headers: { ...headers, ...request.headers } })
  if (!answer.answered || answer.status !== 200 || answer.cut === true) return undefined
  try {
    return JSON.parse(answer.body) as unknown
  } catch {
    return undefined
  }
}

const headers = { accept: 'application/json', 'user-agent': 'Sereno' }
/** Rules, blurbs and pictures' addresses stand beside what is wanted. */
const mostBytes = 512 * 1024
const timeoutMs = 4000

export type Fields = { readonly [name: string]: unknown }

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function object(value: unknown): Fields {
  return isObject(value) ? value : {}
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string').slice(0, 20) : []
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined
}

function hostOf(place: string): string | undefined {
  const url = URL.parse(/^https?:\/\//.test(place) ? place : `https://${place}`)
  return place === '' || url === null || url.hostname === '' ? undefined : url.host
}
