// Looks at the storages of the node and says what has changed, and all of it when asked.
import { bootFacts, type Thing, toBootFact } from '../../source-boot.ts'
import type { NewFact } from '../../words.ts'
import type { Proxmox } from './ask.ts'
import type { Looked } from './guest-desk.ts'

export interface StorageDesk {
  look(all?: boolean): Promise<Looked>
  /** What was said last was not heard. */
  forget(): void
}

export interface StorageDeskTools {
  readonly proxmox: Pick<Proxmox, 'storages'>
  readonly host: string
  now(): number
}

export function createStorageDesk({ proxmox, host, now }: StorageDeskTools): StorageDesk {
  let said = new Map<string, string>()
  let saidOfAll = ''

  function ofAll(names: readonly string[], at: number, unread?: string): NewFact {
    return toBootFact(bootFacts.storage, '*', host, { names, ...(unread === undefined ? {} : { unread }) }, at)
  }

  return {
    forget() {
      said = new Map()
      saidOfAll = ''
    },
    async look(all = false) {
      const at = now()
      const list = await proxmox.storages()
      if ('unread' in list) {
        const isNew = saidOfAll !== 'unread'
        saidOfAll = 'unread'
        return { facts: isNew || all ? [ofAll([], at, list.unread)] : [], unread: list }
      }
      const changed = list.value.filter(({ name, thing }) => all || said.get(name) !== essence(thing))
      const names = list.value.map(({ name }) => name)
      const isOther = saidOfAll !== JSON.stringify(names)
      said = new Map(list.value.map(({ name, thing }) => [name, essence(thing)]))
      saidOfAll = JSON.stringify(names)
      return {
        facts: [
          ...changed.map(({ name, thing }) => toBootFact(bootFacts.storage, name, host, thing, at)),
          ...(isOther || all ? [ofAll(names, at)] : []),
        ],
      }
    },
  }
}

/** A storage that fills up is said again with every half percent. */
function essence({ ok, state, usedPercent }: Thing): string {
  return JSON.stringify([ok, state, usedPercent === undefined ? undefined : Math.floor(usedPercent * 2)])
}
