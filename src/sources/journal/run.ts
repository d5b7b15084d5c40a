// The words by which journalctl is called: whose entries, and from where on.
import { journalWords } from '../../lib/journal.ts'
import type { JournalOptions } from './options.ts'
import type { JournalPlace } from './reader.ts'

/** `place`: it begins with the entry of that cursor itself, or the next one that is left. */
export function wordsFor(
  journalctl: string,
  options: JournalOptions,
  place: JournalPlace,
  more: readonly string[],
): readonly string[] {
  const { file, directory, units, identifiers, priority, matches } = options
  return [
    journalctl,
    ...journalWords,
    // Following, journalctl shows no other boot than the newest there was when it began; only merged it shows all.
    ...(file === undefined ? [] : [`--file=${file}`, '--merge']),
    ...(directory === undefined ? [] : [`--directory=${directory}`, '--merge']),
    ...units.map((unit) => `--unit=${unit}`),
    ...identifiers.map((identifier) => `--identifier=${identifier}`),
    ...(priority === undefined ? [] : [`--priority=${priority}`]),
    // Not --after-cursor: where the entry is no longer there, that would pass over the next one.
    ...(place.cursor === undefined
      ? place.time === undefined
        ? []
        : [`--since=${stampOf(place.time)}`]
      : [`--cursor=${place.cursor}`]),
    ...more,
    '--',
    ...matches,
  ]
}

/** As systemd.time(7) has it. */
export function stampOf(time: number): string {
  return `@${(time / 1000).toFixed(3)}`
}
