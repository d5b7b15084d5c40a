// Reads the configuration of a guest as far as its start is concerned; pure. https://pve.proxmox.com/pve-docs/qm.conf.5.html
import { cleanLine, cutText } from '../../lib/text.ts'

export interface GuestConfig {
  readonly onboot: boolean
  readonly name?: string
  /** Of starts, lower ones first. */
  readonly order?: number
  readonly isTemplate: boolean
}

const longestName = 200

/** Of a file only what comes before the first section: those behind it are snapshots and what waits for the next start. */
export function readGuestConfig(text: string): GuestConfig {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (line.startsWith('[')) break
    const [, key, value] = /^([a-z][a-z0-9_]*):\s*(.*?)\s*$/i.exec(line) ?? []
    if (key !== undefined && value !== undefined) values.set(key, value)
  }
  return toConfig(values)
}

/** The same as the API says it, numbers where they are numbers. */
export function readConfigValues(data: { readonly [key: string]: unknown }): GuestConfig {
  const entries = Object.entries(data).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' || typeof value === 'number' ? [[key, String(value)]] : [],
  )
  return toConfig(new Map(entries))
}

function toConfig(values: ReadonlyMap<string, string>): GuestConfig {
  const name = cutText(cleanLine(values.get('name') ?? values.get('hostname') ?? ''), longestName)
  const order = /(?:^|,)\s*(?:order=)?(\d{1,9})\s*(?:,|$)/.exec(values.get('startup') ?? '')?.[1]
  return {
    onboot: values.get('onboot') === '1',
    ...(name === '' ? {} : { name }),
    ...(order === undefined ? {} : { order: Number(order) }),
    isTemplate: values.get('template') === '1',
  }
}
