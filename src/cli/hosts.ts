// `sereno hosts`, `hosts show` and `hosts forget`: the machines that samples came of.
import type { HostEntry, HostList, HostPage } from '../engine/look-hosts.ts'
import { localTime, machineZone } from '../lib/local-time.ts'
import { printable } from '../lib/printable.ts'
import { toFineSpan } from '../lib/span.ts'
import { rowName, spokenValue } from '../source-sample-words.ts'
import { needHub, withHub, type HubOptions } from './hub-client.ts'
import { withStore } from './store-file.ts'
import { toTable } from './table.ts'
import { Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface HostsOptions extends HubOptions {
  readonly json?: boolean
}

export async function hosts(options: HostsOptions, terminal: Terminal): Promise<ExitCode> {
  const list = await withHub(
    options,
    async (hub) => (await hub.get('/api/v1/hosts')) as HostList,
    async () => {
      const { listHosts } = await import('../engine/look-hosts.ts')
      return withStore(options.data, listHosts)
    },
  )
  if (options.json === true) terminal.out(JSON.stringify(list.hosts, null, 2))
  else if (list.hosts.length === 0) terminal.error('No hosts: no sample came yet.')
  else terminal.out(toTable(head, list.hosts.map(toRow)))
  return 0
}

export async function showHost(name: string, options: HostsOptions, terminal: Terminal): Promise<ExitCode> {
  const page = await withHub(
    options,
    async (hub) => (await hub.get(pathOf(name))) as HostPage,
    async () => {
      const { lookUpHost } = await import('../engine/look-hosts.ts')
      const found = await withStore(options.data, (store) => lookUpHost(store, name))
      if (found === undefined) throw new Refusal(`There is no host ${name}; 'sereno hosts' lists those that are known.`)
      return found
    },
  )
  if (options.json === true) terminal.out(JSON.stringify(page, null, 2))
  else print(page, terminal)
  return 0
}

export async function forgetHost(name: string, options: HubOptions, terminal: Terminal): Promise<ExitCode> {
  const done = (await needHub(options, `forget ${name}`, (hub) => hub.delete(pathOf(name)))) as { message: string }
  terminal.out(done.message)
  return 0
}

const head = ['name', 'last seen', 'CPU', 'memory', 'fullest disk', 'load', 'uptime', 'open'] as const

function toRow(host: HostEntry): string[] {
  const { fullestDisk, uptimeSeconds, load } = host
  return [
    host.name,
    localTime(Date.parse(host.lastSeenAt), machineZone()),
    percent(host.cpuPercent),
    percent(host.memoryPercent),
    fullestDisk === undefined ? '' : `${percent(fullestDisk.percent)} ${fullestDisk.mount}`,
    load === undefined ? '' : load.toFixed(2),
    uptimeSeconds === undefined ? '' : toFineSpan(uptimeSeconds * 1000),
    host.conditions === 0 ? '' : `${host.conditions} ${host.severity ?? ''}`.trimEnd(),
  ]
}

function print(page: HostPage, terminal: Terminal): void {
  const zone = machineZone()
  const say = (line: string): void => terminal.out(printable(line))
  say(`${page.name}: last seen ${localTime(Date.parse(page.lastSeenAt), zone)}, by source ${page.source}`)
  say(`Known since ${localTime(Date.parse(page.firstSeenAt), zone)}.`)
  if (page.bootId !== undefined) say(`Boot ${page.bootId}.`)
  if (page.failedUnits !== undefined && page.failedUnits.length > 0) say(`Failed: ${page.failedUnits.join(', ')}.`)
  for (const { severity, title, since, id } of page.open) {
    say(`${severity}: ${title}, since ${localTime(Date.parse(since), zone)} (${id})`)
  }
  terminal.out('')
  const rows = page.series.map(({ series, value }) => [rowName(series), spokenValue(series, value), series])
  terminal.out(toTable(['what', 'value', 'series'], rows))
}

function percent(value: number | undefined): string {
  return value === undefined ? '' : `${value.toFixed(0)} %`
}

function pathOf(name: string): string {
  return `/api/v1/hosts/${encodeURIComponent(name)}`
}
