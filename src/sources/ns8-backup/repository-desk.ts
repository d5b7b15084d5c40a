// Looks into the repositories: each by itself once a day, and when the watch asks for one, which always gets an answer.
import { printable } from '../../lib/printable.ts'
import { recheckDeadlineMs, type SourceTools } from '../../source.ts'
import type { Json, JsonObject } from '../../words.ts'
import type { RepoHealth } from './classify.ts'
import { isModuleId, isPlanId } from './facts.ts'
import type { Ns8Options } from './options.ts'
import { createProbe, type ProbeCall, type ProbedRepository } from './probe.ts'
import { defaultCommand, toCommandText } from './restic-command.ts'

export interface RepositoryDesk {
  /**
   * `key` is `<plan>/<module>`; `body` may say what was `due` (ms) and whether a run is in progress. The fact has the state
   * with its times in milliseconds, plan and module, and as `command` what opens the repository, up to restic's arguments.
   */
  answer(key: string, body: JsonObject): Promise<void>
  /** Looks into those whose time has come, one after the other; resolves to the pause until the next one's. */
  round(repositories: readonly ProbedRepository[]): Promise<number>
}

/** Whoever waits longer for the probes before it than the watch waits for us is told so in time. */
const answerWithinMs = recheckDeadlineMs - 30_000
const off: RepoHealth = {
  state: 'UNKNOWN',
  message: 'Repositories are not looked at: the source says probe: false.',
  tookMs: 0,
}

const lookedPrefix = 'look/'
const [shortestPauseMs, longestPauseMs] = [1000, 600_000]

export function createRepositoryDesk(
  options: Ns8Options['probe'],
  tools: Pick<SourceTools, 'emit' | 'now' | 'signal' | 'place'>,
  withinMs = answerWithinMs,
): RepositoryDesk {
  /** When each was last looked into, kept between runs. */
  const lookedAt = readLooked(tools.place.saved ?? [])
  const { command = defaultCommand, environment = {} } = options || {}
  const probe = options ? createProbe({ command, environment, timeoutMs: options.timeout }) : async () => off

  /** Called off when `late` is, if nobody waits any longer. */
  async function look(repository: ProbedRepository, body: JsonObject, late?: AbortSignal): Promise<RepoHealth> {
    const signal = late === undefined ? tools.signal : AbortSignal.any([tools.signal, late])
    try {
      return await probe(repository, toCall(body, tools.now(), signal))
    } catch (error) {
      if (tools.signal.aborted || late?.aborted !== true) throw error
      const message = 'There was no time for this repository: others were slow to answer; it is looked at again later.'
      return { state: 'UNKNOWN', message, tookMs: withinMs }
    }
  }

  async function lookAndSay(key: string, body: JsonObject, late?: AbortSignal): Promise<void> {
    const [planId = '', ...more] = key.split('/')
    const repository = { planId, module: more.join('/') }
    const { lock, ...health } = await look(repository, body, late)
    const isReal = isPlanId(planId) && isModuleId(repository.module)
    const data = {
      ...health,
      ...(lock === undefined ? {} : { lock: { ...lock } }),
      plan: shown(planId),
      module: shown(repository.module),
      ...(isReal && options ? { command: toCommandText(command, repository) } : {}),
    }
    const now = tools.now()
    const put = isReal ? [[lookedPrefix + key, now] as const] : []
    await tools.emit({ facts: [{ name: 'backup.repository', key, data }] }, { put })
    if (isReal) lookedAt.set(key, now)
  }

  async function forget(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return
    await tools.emit({}, { delete: keys.map((key) => lookedPrefix + key) })
    for (const key of keys) lookedAt.delete(key)
  }

  return {
    answer: (key, body) => lookAndSay(key, body, AbortSignal.timeout(withinMs)),
    async round(repositories) {
      if (!options) return longestPauseMs
      const { every } = options
      const keys = new Set(repositories.map(({ planId, module }) => `${planId}/${module}`))
      await forget([...lookedAt.keys()].filter((key) => !keys.has(key)))
      for (const key of keys) {
        if (tools.signal.aborted) break
        if ((lookedAt.get(key) ?? -Infinity) + every <= tools.now()) await lookAndSay(key, {})
      }
      const nextAt = Math.min(...Array.from(keys, (key) => (lookedAt.get(key) ?? 0) + every))
      return Math.min(longestPauseMs, Math.max(shortestPauseMs, nextAt - tools.now()))
    },
  }
}

function readLooked(saved: Iterable<readonly [key: string, value: Json]>): Map<string, number> {
  const looked = new Map<string, number>()
  for (const [key, value] of saved)
    if (key.startsWith(lookedPrefix) && typeof value === 'number') looked.set(key.slice(lookedPrefix.length), value)
  return looked
}

function toCall({ due, runInProgress }: JsonObject, now: number, signal: AbortSignal): ProbeCall {
  return {
    signal,
    now,
    ...(typeof due === 'number' ? { due } : {}),
    ...(typeof runInProgress === 'boolean' ? { runInProgress } : {}),
  }
}

function shown(id: string): string {
  return printable(id.slice(0, 64))
}
