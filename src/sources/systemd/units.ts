// Units of systemd that are not well: those that have failed, and those that must be active and are not.
import { runCommand } from '../../lib/command.ts'
import { globMatches } from '../../lib/glob.ts'
import type { Thing } from '../../source-boot.ts'

export interface UnitTools {
  readonly systemctl: string
  readonly watch: readonly string[]
  readonly ignore: readonly string[]
  readonly signal: AbortSignal
}

/** Of sessions, users and dumps, and passing mounts: they fail with what uses them. And what runs this. */
export const passing: readonly string[] = [
  'session-*.scope',
  'user@*.service',
  'user-runtime-dir@*.service',
  'run-*.mount',
  'systemd-coredump@*.service',
  'sereno.service',
  'sereno-shutdown.service',
]

const timeoutMs = 10_000
const most = 200

export type Units = ReadonlyMap<string, Thing> | { readonly unread: string }

/** Those that failed, and all that are watched. */
export async function readUnits({ systemctl, watch, ignore, signal }: UnitTools): Promise<Units> {
  const words = [systemctl, 'list-units', '--state=failed', '--plain', '--full', '--no-legend', '--no-pager']
  const listed = await runCommand(words, { environment, timeoutMs, signal })
  if (listed.exit !== 0 || listed.timedOut) return { unread: whyNot(listed) }
  const failed = namesIn(listed.stdout).filter((name) => ![...passing, ...ignore].some((one) => globMatches(one, name)))
  const names = [...new Set([...watch, ...failed])].slice(0, most)
  if (names.length === 0) return new Map()
  const show = [systemctl, 'show', `--property=${properties.join(',')}`, '--no-pager', '--', ...names]
  const shown = await runCommand(show, { environment, timeoutMs, signal })
  if (shown.exit !== 0 || shown.timedOut) return { unread: whyNot(shown) }
  const blocks = shown.stdout.split(/\n\n+/).map(readBlock)
  // One block for each name, in their order: an alias is shown under its own name.
  return new Map(names.map((name, index) => [name, toThing(blocks[index] ?? {})]))
}

const properties = ['Id', 'LoadState', 'ActiveState', 'SubState', 'Result', 'ExecMainStatus']
const environment = { PATH: process.env['PATH'], LC_ALL: 'C' }

/** The first word of each line. */
function namesIn(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => /^\s*(?:[●*×]\s+)?([^\s●*×-]\S*\.[a-z]+)(?=\s|$)/.exec(line)?.[1] ?? [])
}

type Block = { readonly [property: string]: string }

function readBlock(text: string): Block {
  return Object.fromEntries(
    text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

export function toThing({ LoadState, ActiveState = 'unknown', SubState, Result, ExecMainStatus }: Block): Thing {
  if (LoadState === 'not-found') return { ok: false, state: 'not-found', reason: 'there is no such unit' }
  const ok = ActiveState === 'active' || ActiveState === 'reloading' || ActiveState === 'refreshing'
  if (ok) return { ok, state: ActiveState }
  const why = Result === undefined || Result === 'success' ? undefined : words(Result, ExecMainStatus)
  const state = ActiveState === 'activating' && SubState === 'auto-restart' ? 'starting again and again' : ActiveState
  return { ok, state, ...(why === undefined ? {} : { reason: why }) }
}

/** https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#%24SERVICE_RESULT */
function words(result: string, status: string | undefined): string {
  const known = results.get(result)
  if (result === 'exit-code' && status !== undefined) return `it ended with exit code ${status}`
  return known ?? result
}

const results: ReadonlyMap<string, string> = new Map([
  ['exit-code', 'it ended with an error'],
  ['signal', 'it was killed by a signal'],
  ['core-dump', 'it crashed'],
  ['oom-kill', 'it was killed for want of memory'],
  ['timeout', 'it took too long'],
  ['watchdog', 'it no longer answered its watchdog'],
  ['start-limit-hit', 'it was started too often'],
  ['resources', 'it lacked something it needs'],
  ['protocol', 'it did not say that it was ready'],
])

function whyNot({ exit, timedOut, stderr }: { exit: number | undefined; timedOut: boolean; stderr: string }): string {
  if (timedOut) return 'systemctl does not answer'
  if (exit === 127) return 'systemctl is not there'
  return `systemctl says: ${stderr.trim().split('\n')[0]?.slice(0, 200) || `exit ${exit ?? 'by a signal'}`}`
}
