// The sources of an agent: those of its configuration, else this host's own samples.
import { hostname } from 'node:os'
import { loadSource } from '../registry.ts'
import { machineZone } from '../lib/local-time.ts'
import type { Log } from '../source.ts'
import type { AgentSource } from './sources.ts'

/** Throws an `Error` with sentences for people: all mistakes of the file at once. */
export async function readAgentSources(file: string | undefined, log: Log): Promise<AgentSource[]> {
  return file === undefined ? [await defaultSource()] : configured(file, log)
}

async function defaultSource(): Promise<AgentSource> {
  const kind = await loadSource('host')
  const place = {
    host: hostname(),
    // Asked by nobody so far, and finding it out loads what knows all zones.
    get zone() {
      return machineZone()
    },
  }
  return { name: 'host', kind, options: kind.options.parse({}), place, labels: {} }
}

/** Loaded on use: most agents have none, and reading YAML costs memory. */
async function configured(file: string, log: Log): Promise<AgentSource[]> {
  const [{ loadConfig }, { explain }] = await Promise.all([import('../config/load.ts'), import('../config/explain.ts')])
  const { config, issues } = await loadConfig({ config: file, env: process.env, cwd: process.cwd() })
  if (config === undefined) throw new Error(explain(issues).join('\n'))
  const { sources, watches, channels, rules, hub } = config
  const mine = sources.filter(({ implied }) => !implied)
  if (mine.length === 0) throw new Error(`${file} names no sources; an agent needs at least one`)
  if (watches.length + channels.length + rules.length > 0) {
    log.warn(`of ${file} an agent uses the sources alone; watches, channels and rules belong to the hub`)
  }
  return Promise.all(
    mine.map(async ({ name, kind, options, timezone, host, labels }) => {
      const place = { zone: timezone ?? hub.timezone ?? machineZone(), host: host ?? hostname() }
      return { name, kind: await loadSource(kind), options, place, labels }
    }),
  )
}
