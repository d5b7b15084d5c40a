// Asks Proxmox what there is now: by its API, or by the commands of the node. What fails is a sentence, never an exception.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../lib/command.ts'
import { request } from '../../lib/http.ts'
import { toOutcome } from '../../lib/http-outcome.ts'
import type { Trust } from '../../lib/http-trust.ts'
import { readJson } from '../../lib/read-json.ts'
import { cleanLine, cutText } from '../../lib/text.ts'
import { problemWords, readText } from './files.ts'
import { type GuestConfig, readConfigValues, readGuestConfig } from './guest-config.ts'
import {
  isObject,
  type ListedGuest,
  type ListedStorage,
  readGuestData,
  readGuestLines,
  readStorageData,
  readStorageLines,
} from './lists.ts'
import type { Options } from './options.ts'

export type Read<Value> = { readonly value: Value } | Unread
export type Unread = { readonly reason: string; readonly unread: string }

export interface Proxmox {
  guests(): Promise<Read<readonly ListedGuest[]>>
  storages(): Promise<Read<readonly ListedStorage[]>>
  configOf(guest: Pick<ListedGuest, 'id' | 'guest'>): Promise<GuestConfig | undefined>
  /** What is asked, for people. */
  readonly where: string
}

const timeoutMs = 20_000
const longestAnswer = 8 * 1024 * 1024
const longestConfig = 256 * 1024

export function createProxmox(options: Options, node: string, signal: AbortSignal, now: () => number): Proxmox {
  const lists = options.api === undefined ? byCommands(options, signal) : byApi(options.api, node, signal, now)
  const folder = options.config ?? (options.api === undefined ? '/etc/pve' : 'api')
  if (folder === 'api') return lists
  return {
    ...lists,
    async configOf({ id, guest }) {
      const file = await readText(join(folder, guest === 'vm' ? 'qemu-server' : 'lxc', `${id}.conf`), longestConfig)
      return 'problem' in file ? undefined : readGuestConfig(file.text)
    },
  }
}

function byCommands({ commands }: Options, signal: AbortSignal): Proxmox {
  async function list<Value>(
    words: readonly string[],
    read: (text: string) => Value | undefined,
  ): Promise<Read<Value>> {
    // Their columns are in English whatever the language, but numbers may not be.
    const environment = { ...process.env, LC_ALL: 'C.UTF-8' }
    const end = await runCommand(words, { timeoutMs, maxBytes: longestAnswer, environment, signal }).catch(
      () => undefined,
    )
    const command = words.join(' ')
    if (end === undefined) return { reason: 'timeout', unread: `${command} was called off` }
    if (end.timedOut) return { reason: 'timeout', unread: `${command} did not end within ${timeoutMs / 1000} s` }
    const said = cutText(cleanLine(end.stderr), 200)
    if (end.exit !== 0) return { reason: 'rejected', unread: `${command} failed${said === '' ? '' : `: ${said}`}` }
    const value = read(end.stdout)
    return value === undefined
      ? { reason: 'rejected', unread: `${command} printed something that is no list` }
      : { value }
  }
  return {
    where: commands.vms.join(' '),
    guests: async () =>
      both(
        await list(commands.vms, (text) => readGuestLines(text, 'vm')),
        await list(commands.containers, (text) => readGuestLines(text, 'ct')),
      ),
    storages: () => list(commands.storages, readStorageLines),
    configOf: async () => undefined,
  }
}

/** https://pve.proxmox.com/pve-docs/api-viewer/ */
function byApi(api: NonNullable<Options['api']>, node: string, signal: AbortSignal, now: () => number): Proxmox {
  const base = `${api.url}/api2/json/nodes/${node}`
  let trust: Promise<Trust | undefined | Unread> | undefined

  async function ask<Value>(path: string, read: (data: unknown) => Value | undefined): Promise<Read<Value>> {
    trust ??= readTrust(api)
    const believed = await trust
    if (believed !== undefined && 'unread' in believed) {
      trust = undefined
      return believed
    }
    const answer = await request({
      url: base + path,
      headers: { accept: 'application/json', authorization: `PVEAPIToken=${api.token}`, 'user-agent': 'Sereno' },
      ...(believed === undefined ? {} : { trust: believed }),
      maxBytes: longestAnswer,
      timeoutMs,
      signal,
    })
    const outcome = toOutcome(answer, { now: now(), secrets: [api.token] })
    if (!outcome.ok) return { reason: outcome.reason, unread: outcome.detail }
    if (!answer.answered || answer.cut === true)
      return { reason: 'too-large', unread: `The answer of ${api.url} broke off, or is longer than 8 MiB` }
    const json = readJson(Buffer.from(answer.body), 'The answer')
    const value = 'value' in json && isObject(json.value) ? read(json.value['data']) : undefined
    return value === undefined
      ? { reason: 'rejected', unread: `${api.url} answered something that is no list; is it a Proxmox node?` }
      : { value }
  }

  return {
    where: api.url,
    guests: async () =>
      both(
        await ask('/qemu', (data) => readGuestData(data, 'vm')),
        await ask('/lxc', (data) => readGuestData(data, 'ct')),
      ),
    storages: () => ask('/storage', readStorageData),
    async configOf({ id, guest }) {
      const path = `/${guest === 'vm' ? 'qemu' : 'lxc'}/${id}/config`
      const config = await ask(path, (data) => (isObject(data) ? readConfigValues(data) : undefined))
      return 'value' in config ? config.value : undefined
    },
  }
}

async function readTrust({ fingerprint, ca }: NonNullable<Options['api']>): Promise<Trust | undefined | Unread> {
  if (fingerprint !== undefined) return { fingerprint }
  if (ca === undefined) return undefined
  try {
    return { ca: await readFile(ca, 'utf8') }
  } catch (error) {
    return { reason: 'misconfigured', unread: `${ca} cannot be read: ${problemWords(error)}` }
  }
}

/** Half a list would look as if the other half were gone. */
function both(one: Read<ListedGuest[]>, other: Read<ListedGuest[]>): Read<readonly ListedGuest[]> {
  if ('unread' in one) return one
  if ('unread' in other) return other
  return { value: [...one.value, ...other.value] }
}
