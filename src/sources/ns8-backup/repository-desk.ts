// Looks into a repository when the watch asks for it, and always has an answer.
import { printable } from '../../lib/printable.ts'
import { recheckDeadlineMs, type SourceTools } from '../../source.ts'
import type { JsonObject } from '../../words.ts'
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
}

/** Whoever waits longer for the probes before it than the watch waits for us is told so in time. */
const answerWithinMs = recheckDeadlineMs - 30_000
const off: RepoHealth = {
  state: 'UNKNOWN',
  message: 'Repositories are not looked at: the source says probe: false.',
  tookMs: 0,
}

export function createRepositoryDesk(
  options: Ns8Options['probe'],
  tools: Pick<SourceTools, 'emit' | 'now' | 'signal'>,
  withinMs = answerWithinMs,
): RepositoryDesk {
  const { command = defaultCommand, environment = {} } = options || {}
  const probe = options ? createProbe({ command, environment, timeoutMs: options.timeout }) : async () => off

  async function look(repository: ProbedRepository, body: JsonObject): Promise<RepoHealth> {
    const late = AbortSignal.timeout(withinMs)
    try {
      return await probe(repository, toCall(body, tools.now(), AbortSignal.any([tools.signal, late])))
    } catch (error) {
      if (tools.signal.aborted || !late.aborted) throw error
      const message = 'There was no time for this repository: others were slow to answer; it is looked at again later.'
      return { state: 'UNKNOWN', message, tookMs: withinMs }
    }
  }

  return {
    async answer(key, body) {
      const [planId = '', ...more] = key.split('/')
      const repository = { planId, module: more.join('/') }
      const { lock, ...health } = await look(repository, body)
      const isReal = isPlanId(planId) && isModuleId(repository.module)
      const data = {
        ...health,
        ...(lock === undefined ? {} : { lock: { ...lock } }),
        plan: shown(planId),
        module: shown(repository.module),
        ...(isReal && options ? { command: toCommandText(command, repository) } : {}),
      }
      await tools.emit({ facts: [{ name: 'backup.repository', key, data }] })
    },
  }
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
