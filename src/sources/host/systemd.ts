// What systemd says of this machine: units that have failed, and whether it is about to stop.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../../lib/command.ts'

export interface Systemd {
  /** Names; undefined where there is no systemd or it does not answer. Asked at most once a minute. */
  failedUnits(nowMs: number): Promise<readonly string[] | undefined>
  /** Whether the machine is being shut down; answers within the second. */
  isStopping(): Promise<boolean>
}

export interface SystemdTools {
  readonly systemctl: string
  /** The folder /run of the machine; absent: it is out of reach. */
  readonly run?: string
  /** Ends the question for failed units. */
  readonly signal: AbortSignal
  /** Said once per outage. */
  warn(message: string): void
}

const askEveryMs = 60_000
const failedWithinMs = 3000
const stoppingWithinMs = 600

export function createSystemd({ systemctl, run, signal, warn }: SystemdTools): Systemd {
  let askAt = 0
  let units: readonly string[] | undefined
  let silent = false

  // As sd_booted(3) has it.
  const folder = run === undefined ? undefined : join(run, 'systemd/system')
  const isThere = (): boolean => folder !== undefined && existsSync(folder)

  async function ask(): Promise<readonly string[] | undefined> {
    const words = [systemctl, 'list-units', '--state=failed', '--plain', '--full', '--no-legend', '--no-pager']
    const { exit, stdout, timedOut } = await runCommand(words, {
      environment: environment(),
      timeoutMs: failedWithinMs,
      signal,
    })
    if (exit === 0 && !timedOut) {
      silent = false
      return readUnits(stdout)
    }
    if (!silent) warn(`systemctl does not say which units have failed (${timedOut ? 'no answer' : `exit ${exit}`})`)
    silent = true
    return undefined
  }

  return {
    async failedUnits(nowMs) {
      if (!isThere()) return undefined
      // A sample a minute, that comes a moment early now and then, has an answer of its own each time.
      if (nowMs >= askAt - 1000) {
        askAt = Math.max(askAt, nowMs) + askEveryMs
        units = await ask()
      }
      return units
    },

    /**
     * systemd knows: https://www.freedesktop.org/software/systemd/man/latest/systemctl.html#is-system-running. Where it
     * is not or no longer answers, nologin(5) stands for it: shutdown(8) writes it when less than five minutes remain.
     */
    async isStopping() {
      if (isThere()) {
        const words = [systemctl, 'is-system-running']
        const options = { environment: environment(), timeoutMs: stoppingWithinMs, killAfterMs: 50 }
        const state = (await runCommand(words, options)).stdout.trim()
        if (/^[a-z]+$/.test(state)) return state === 'stopping'
      }
      return run !== undefined && existsSync(join(run, 'nologin'))
    },
  }
}

/** The first word of each line. */
export function readUnits(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => /^\s*(?:[●*]\s+)?([^\s●*]+\.[a-z]+)(?=\s|$)/.exec(line)?.[1] ?? [])
}

function environment(): { readonly [name: string]: string | undefined } {
  return { PATH: process.env['PATH'], LC_ALL: 'C' }
}
