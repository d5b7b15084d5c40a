// Tells the words of a machine that stops from all others, and whether a shutdown that was planned is due.
import type { Stopping } from '../../source-boot.ts'

export type Reason = Stopping['reason']

/**
 * Of systemd-logind's and systemd's own messages: whole words, at their beginning, since others say as much of
 * themselves. https://github.com/systemd/systemd/blob/main/src/login/logind-dbus.c
 */
const sayings: readonly (readonly [Reason, RegExp])[] = [
  ['reboot', /^(?:the )?system (?:is rebooting|will reboot now)\b/i],
  ['poweroff', /^(?:the )?system (?:is powering (?:off|down)|will power off now)\b/i],
  ['halt', /^(?:the )?system (?:is halting|is halted|will halt now)\b/i],
  ['reboot', /^reached target (?:\S+\.target - )?(?:system )?reboot\.?$/i],
  ['poweroff', /^reached target (?:\S+\.target - )?(?:system )?power[ -]?off\.?$/i],
  ['halt', /^reached target (?:\S+\.target - )?(?:system )?halt\.?$/i],
  ['unknown', /^reached target (?:\S+\.target - )?(?:system )?shutdown\.?$/i],
]

/** Undefined: it says something else. */
export function stoppingReason(text: string): Reason | undefined {
  return sayings.find(([, pattern]) => pattern.test(text))?.[0]
}

/** The last words of a boot, the oldest first; undefined: there are none. */
export function endedClean(words: readonly string[]): boolean | undefined {
  const last = words.at(-1)
  if (last === undefined) return undefined
  // The journal stops as well when only its daemon is started anew; but then it is not the last word.
  return last === 'Journal stopped' || words.some((text) => stoppingReason(text) !== undefined)
}

/** What shutdown(8) plans, as it stands in /run/systemd/shutdown/scheduled. */
export function readScheduled(text: string): { readonly at: number; readonly reason: Reason } | undefined {
  const fields = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  const microseconds = fields.get('USEC') ?? ''
  const mode = fields.get('MODE') ?? ''
  const reason = modes.get(mode)
  return reason === undefined || !/^\d{1,19}$/.test(microseconds)
    ? undefined
    : { at: Number(microseconds) / 1000, reason }
}

/** `dry-` before one of them means that nothing will happen. */
const modes: ReadonlyMap<string, Reason> = new Map([
  ['reboot', 'reboot'],
  ['kexec', 'reboot'],
  ['poweroff', 'poweroff'],
  ['halt', 'halt'],
])
