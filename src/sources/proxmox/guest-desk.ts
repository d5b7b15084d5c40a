// Looks at the guests of the node and says what has changed, and all of it when asked.
import { bootFacts, type Guest, toBootFact } from '../../source-boot.ts'
import type { NewFact } from '../../words.ts'
import type { Proxmox, Unread } from './ask.ts'
import type { GuestConfig } from './guest-config.ts'
import type { ListedGuest } from './lists.ts'
import { concerns } from './task.ts'
import type { Upid } from './upid.ts'

export interface GuestDesk {
  /** Facts of what is new since the last look; of all there is with `all`. */
  look(active: readonly Upid[], all?: boolean): Promise<Looked>
  /** What was said last was not heard. */
  forget(): void
  nameOf(id: number): string | undefined
}

export interface Looked {
  readonly facts: readonly NewFact[]
  readonly unread?: Unread
}

export interface GuestDeskTools {
  readonly proxmox: Proxmox
  readonly host: string
  /** How long a configuration counts as known. */
  readonly configMs: number
  now(): number
  bootId(): Promise<string | undefined>
  isStopping(): Promise<boolean>
}

type Known = { readonly config: GuestConfig | undefined; readonly at: number }

export function createGuestDesk({ proxmox, host, configMs, now, bootId, isStopping }: GuestDeskTools): GuestDesk {
  let said = new Map<number, Guest>()
  let saidOfAll = ''
  const configs = new Map<number, Known>()

  async function configOf(guest: ListedGuest): Promise<GuestConfig | undefined> {
    const known = configs.get(guest.id)
    if (known !== undefined && known.config !== undefined && now() - known.at < configMs) return known.config
    const config = await proxmox.configOf(guest)
    configs.set(guest.id, { config, at: now() })
    return config
  }

  async function read(listed: readonly ListedGuest[], active: readonly Upid[]): Promise<Map<number, Guest>> {
    const hostBoot = await bootId()
    const hasStopped = listed.some(({ id, running }) => !running && said.get(id)?.running === true)
    const isEnding = hasStopped && (await isStopping())
    const guests = new Map<number, Guest>()
    for (const one of listed) {
      const config = await configOf(one)
      if (one.isTemplate === true || config?.isTemplate === true) continue
      guests.set(one.id, toGuest(one, config, isEnding || active.some((task) => concerns(task, one.id)), hostBoot))
    }
    for (const id of configs.keys()) if (!guests.has(id)) configs.delete(id)
    return guests
  }

  return {
    nameOf: (id) => said.get(id)?.name,
    forget() {
      said = new Map()
      saidOfAll = ''
    },
    async look(active, all = false) {
      const at = now()
      const list = await proxmox.guests()
      if ('unread' in list) {
        const isNew = saidOfAll !== 'unread'
        saidOfAll = 'unread'
        const facts = isNew || all ? [ofAll(host, [], at, list.unread)] : []
        return { facts, unread: list }
      }
      const guests = await read(list.value, active)
      const gone = [...said.values()].filter(({ id }) => !guests.has(id))
      const changed = [...guests.values()].filter((guest) => all || isNew(guest, said.get(guest.id)))
      const names = [...guests.keys()].map(String)
      const isOther = saidOfAll !== JSON.stringify(names)
      said = guests
      saidOfAll = JSON.stringify(names)
      return {
        facts: [
          ...gone.map(({ id, guest }) => toFact(host, { id, guest, running: false, gone: true }, at)),
          ...changed.map((guest) => toFact(host, guest, at)),
          ...(isOther || all ? [ofAll(host, names, at)] : []),
        ],
      }
    },
  }
}

function toGuest(
  { id, guest, name, running }: ListedGuest,
  config: GuestConfig | undefined,
  isBusy: boolean,
  hostBoot: string | undefined,
): Guest {
  const called = name ?? config?.name
  return {
    id,
    guest,
    ...(called === undefined ? {} : { name: called }),
    running,
    ...(config === undefined ? {} : { onboot: config.onboot }),
    ...(config?.order === undefined ? {} : { order: config.order }),
    ...(isBusy ? { busy: true as const } : {}),
    ...(hostBoot === undefined ? {} : { hostBoot }),
  }
}

function isNew(guest: Guest, before: Guest | undefined): boolean {
  return JSON.stringify(guest) !== JSON.stringify(before)
}

function toFact(host: string, guest: Guest, at: number): NewFact {
  return toBootFact(bootFacts.guest, String(guest.id), host, guest, at)
}

function ofAll(host: string, names: readonly string[], at: number, unread?: string): NewFact {
  return toBootFact(bootFacts.guest, '*', host, { names, ...(unread === undefined ? {} : { unread }) }, at)
}
