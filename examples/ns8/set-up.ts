// A NethServer 8 leader to try Sereno on: Redis, Alertmanager and two restic repositories, all on this machine and gone after `stop`.
//
//   bin/sereno-node examples/ns8/set-up.ts start [--hub http://127.0.0.1:8723] [--token TOKEN]
//   bin/sereno-node examples/ns8/set-up.ts fire | repair | stop FOLDER
//
// `start` prints one line of JSON with the folder, all ports and process ids, and the options of a source that watches it.
// It needs the programs redis-server, restic and prometheus-alertmanager, which are Debian packages of the same names.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { post, startAlertmanager } from './alertmanager.ts'
import { dayMs, endRun, fillRedis, startRedis } from './cluster.ts'
import { end, type House, type Program } from './programs.ts'
import { backUp, bringBack, environmentOf, makeRepositories, takeAway } from './repositories.ts'

interface Place {
  readonly folder: string
  /** When the run of plan 1 was due. */
  readonly due: string
  readonly redis: Program
  readonly alertmanager: Program
  readonly config: string
  /** Options of a source of kind ns8-backup. */
  readonly source: object
}

const minuteMs = 60_000
/** The second one's repository breaks and is repaired. */
const [healthy, broken] = ['mail1', 'nextcloud1'] as const

const commands: { readonly [name: string]: (argument: string, options: Options) => Promise<object> } = {
  start: (_, options) => start(options),
  fire: async (folder) => fire(await readPlace(folder)),
  repair: async (folder) => repair(await readPlace(folder)),
  stop: async (folder) => stop(await readPlace(folder)),
}

interface Options {
  readonly hub: string
  readonly token?: string | undefined
}

async function start({ hub, token }: Options): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-ns8-'))
  const house: House = { folder, pids: [] }
  try {
    const due = new Date(Math.floor(Date.now() / minuteMs - 1) * minuteMs)
    const redis = await startRedis(house)
    await fillRedis(redis, [healthy, broken], due)
    await makeRepositories(folder, [healthy, broken], new Date(due.getTime() - dayMs + 5000))
    const alertmanager = await startAlertmanager(house, hub, token)
    const source = toSource(folder, redis, alertmanager)
    const config = join(folder, 'sereno.yaml')
    const place = { folder, due: due.toISOString(), redis, alertmanager, config, source }
    await writeFile(config, toConfig(source))
    await writeFile(join(folder, 'place.json'), JSON.stringify(place))
    return place
  } catch (error) {
    for (const pid of house.pids) await end(pid, folder)
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** The run: mail is backed up, nextcloud's repository is not to be found, and Prometheus notices. */
async function fire(place: Place): Promise<object> {
  const startedAt = Date.parse(place.due) / 1000 + 5
  await takeAway(place.folder, broken)
  await backUp(place.folder, healthy)
  await endRun(place.redis, healthy, { start: startedAt, end: startedAt + 10, errors: 0 })
  await endRun(place.redis, broken, { start: startedAt + 11, end: startedAt + 20, errors: 1 })
  await post(place.alertmanager, {
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + dayMs).toISOString(),
  })
  return { fired: 'BackupFailed', plan: '1', failed: broken }
}

/** A run by hand in which all is well, after which the alert ends. */
async function repair(place: Place): Promise<object> {
  await bringBack(place.folder, broken)
  for (const module of [healthy, broken]) {
    const start = seconds()
    await backUp(place.folder, module)
    await endRun(place.redis, module, { start, end: seconds(), errors: 0 })
  }
  await post(place.alertmanager, { endsAt: new Date().toISOString() })
  return { resolved: 'BackupFailed', plan: '1' }
}

async function stop({ folder, redis, alertmanager }: Place): Promise<object> {
  for (const { pid } of [redis, alertmanager]) await end(pid, folder)
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  return { stopped: folder }
}

function seconds(): number {
  return Math.floor(Date.now() / 1000)
}

async function readPlace(folder: string): Promise<Place> {
  const path = join(folder, 'place.json')
  const text = await readFile(path, 'utf8').catch(() => '')
  if (text === '') throw new Error(`${path} is not there; give the folder that start has printed`)
  return JSON.parse(text) as Place
}

function toSource(folder: string, redis: Program, alertmanager: Program): object {
  return {
    kind: 'ns8-backup',
    redis: redis.url,
    alertmanager: alertmanager.url,
    alertPoll: '5s',
    poll: '30s',
    settle: '2s',
    provisionalAfter: '30s',
    timezone: 'UTC',
    probe: { command: ['restic'], environment: environmentOf(folder, '{module}') },
    open: ['127.0.0.0/8'],
  }
}

function toConfig(source: object): string {
  const rules = [{ name: 'backups', on: 'backup.*', to: 'console' }]
  return `${JSON.stringify({ sources: { ns8: source }, channels: { console: { kind: 'console' } }, rules }, null, 2)}\n`
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { hub: { type: 'string', default: 'http://127.0.0.1:8723' }, token: { type: 'string' } },
})
const [name = '', folder = ''] = positionals
const command = Object.hasOwn(commands, name) ? commands[name] : undefined
if (command === undefined || (name !== 'start') !== (folder !== '')) {
  console.error('Say what to do: start [--hub URL] [--token TOKEN], or fire, repair or stop and the folder.')
  process.exitCode = 2
} else {
  try {
    console.log(JSON.stringify(await command(folder, values)))
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}
