// Runs restic for one repository: the command line of the configuration filled in, one time limit for all, and no lock ever.
import { type CommandEnd, runCommand } from '../../lib/command.ts'
import { hide } from '../../lib/http-outcome.ts'
import type { RepoHealth } from './classify.ts'
import type { ProbeCall, ProbedRepository, ProbeOptions } from './probe.ts'

export interface Asker {
  /** Runs restic with these arguments and --no-lock. */
  ask(args: readonly string[], atMostMs?: number): Promise<CommandEnd>
  /** The command line up to restic's arguments, as a person types it. */
  readonly restic: string
  tookMs(): number
  /** What people read of it, without the secrets that restic was handed. */
  hide(health: RepoHealth): Pick<RepoHealth, 'message' | 'detail'>
}

export function createAsker(options: ProbeOptions, repository: ProbedRepository, call: ProbeCall): Asker {
  const { command = defaultCommand, environment = {}, run = runCommand, killAfterMs } = options
  const { timeoutMs = 120_000, checkTimeoutMs = 6 * 3_600_000 } = options
  const words = command.map((word) => fill(word, repository))
  const own = Object.entries(environment).map(([name, value]) => [name, fill(value, repository)] as const)
  const totalMs = call.command === 'check' ? checkTimeoutMs : timeoutMs
  let spentMs = 0
  async function ask(args: readonly string[], atMostMs = Infinity): Promise<CommandEnd> {
    const end = await run([...words, ...args, '--no-lock'], {
      // Errors of the system in English, as the texts that are looked for.
      environment: { ...process.env, LC_ALL: 'C.UTF-8', ...Object.fromEntries(own) },
      timeoutMs: Math.max(leastMs, Math.min(totalMs - spentMs, atMostMs)),
      ...(killAfterMs === undefined ? {} : { killAfterMs }),
      signal: call.signal,
    })
    spentMs += end.tookMs
    return end
  }
  function hideSecrets({ message, detail }: RepoHealth): Pick<RepoHealth, 'message' | 'detail'> {
    const secrets = own.filter(([name, value]) => secretName.test(name) && value.length > 3).map(([, value]) => value)
    return { message: hide(message, secrets), ...(detail === undefined ? {} : { detail: hide(detail, secrets) }) }
  }
  return { ask, hide: hideSecrets, restic: toCommandText(command, repository), tookMs: () => spentMs }
}

/** A command line up to restic's arguments, as a person types it. */
export function toCommandText(command: readonly string[], repository: ProbedRepository): string {
  return command.map((word) => toShellWord(fill(word, repository))).join(' ')
}

export const defaultCommand: readonly string[] = ['runagent', '-m', '{module}', 'restic-wrapper', '--backup', '{plan}']

function fill(text: string, { module, planId }: ProbedRepository): string {
  return text.replaceAll(/\{(module|plan)\}/g, (_, name) => (name === 'module' ? module : planId))
}

/** Plain words as they are, others quoted for a shell. */
function toShellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

const secretName = /PASSWORD|SECRET|KEY|TOKEN|CREDENTIAL/i
/** What is left for a command when the others took the time. */
const leastMs = 1000
