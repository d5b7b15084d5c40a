// Holds the names in rules against the catalogue of event types: their types, and the fields that repeats are told by.
import { globMatches } from '../lib/glob.ts'
import { suggest } from '../lib/suggest.ts'
import type { Path } from './document.ts'
import { unknownName } from './issue-words.ts'
import type { Kinds } from './kinds.ts'
import type { Json } from '../words.ts'
import { isMapping } from './named.ts'

export type Tell = (path: Path, message: string, part?: 'key' | 'value') => void

/** Types that sources of this configuration give their events, each under a key `type`. */
export function typesNamedIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap((one: Json) => typesNamedIn(one))
  if (!isMapping(value)) return []
  return Object.entries(value).flatMap(([key, one]) =>
    key === 'type' && typeof one === 'string' ? [one] : typesNamedIn(one),
  )
}

/** A type of a family of ours must be in the catalogue; one of somebody else may come by CloudEvents. */
export function checkType(
  pattern: string,
  path: Path,
  known: Kinds['eventTypes'],
  own: readonly string[],
  tell: Tell,
  warn: Tell,
): void {
  const names = [...known.keys(), ...own]
  if (pattern === '*' || names.some((name) => globMatches(pattern, name))) return
  const families = new Set(names.map(familyOf))
  const family = familyOf(pattern)
  if (families.has(family)) {
    tell(
      path,
      unknownName(
        'the event type',
        pattern,
        names.filter((name) => familyOf(name) === family),
        'there are',
      ),
    )
    return
  }
  const meant = suggest(pattern, [...names, ...[...families].map((name) => `${name}.*`)])
  if (meant !== undefined) tell(path, `the event type "${pattern}" is not known; did you mean "${meant}"?`)
  else warn(path, `the event type "${pattern}" is none of ours; this matches only if a sender uses it`)
}

const attributes = ['source', 'host', 'type', 'severity', 'subject']

/** Only where all types of the rule are in the catalogue do we know every name there is. */
export function checkNames(
  names: readonly { readonly text: string; readonly path: Path }[],
  on: readonly string[],
  known: Kinds['eventTypes'],
  warn: Tell,
): void {
  const types = on.flatMap((name) => known.get(name) ?? [])
  if (types.length === 0 || types.length < on.length) return
  const fields = [...new Set(types.flatMap((type) => [...type.labels, ...Object.keys(type.fields)]))]
  for (const { text, path } of names) {
    // Of `fields.user` nobody knows the second half.
    const [head = ''] = text.split('.')
    if (attributes.includes(text) || fields.includes(head) || text.startsWith('data.')) continue
    const meant = suggest(text, [...attributes, ...fields])
    const advice =
      meant === undefined ? 'without a label of that name all are repeats of each other' : `did you mean "${meant}"?`
    warn(path, `${on.join(' and ')} has no field "${text}"; ${advice}`)
  }
}

function familyOf(type: string): string {
  return /^[^.*]*/.exec(type)?.[0] ?? ''
}
