// Which rules an event meets: its type by `on`, its labels and data by `where`.
import { globMatches } from '../lib/glob.ts'
import type { Rule } from '../rule.ts'
import type { HubEvent, Json } from '../words.ts'

export type Mismatch = { readonly matched: false; readonly why: string }

export function match(rule: Pick<Rule, 'on' | 'where'>, event: HubEvent): { readonly matched: true } | Mismatch {
  if (!rule.on.some((pattern) => globMatches(pattern, event.type))) {
    return { matched: false, why: `its type ${event.type} is none of ${rule.on.join(', ')}` }
  }
  for (const matcher of rule.where) {
    const value = valueOf(event, matcher.name)
    if (!matcher.matches(value)) {
      const is = value === '' ? 'is empty' : `is "${value}"`
      return { matched: false, why: `${matcher.name} ${is}, wanted ${matcher.name}${matcher.op}"${matcher.value}"` }
    }
  }
  return { matched: true }
}

/** A name in `by` and `where`: the event's own attributes and labels first, then data; `data.x` forces data. */
export function valueOf(
  event: Pick<HubEvent, 'source' | 'host' | 'type' | 'severity' | 'subject' | 'labels' | 'data'>,
  name: string,
): string {
  switch (name) {
    case 'source':
      return event.source
    case 'host':
      return event.host ?? ''
    case 'type':
      return event.type
    case 'severity':
      return event.severity
    case 'subject':
      return event.subject ?? ''
    default:
      return event.labels[name] ?? toText(dataAt(event.data, name.startsWith('data.') ? name.slice(5) : name))
  }
}

function dataAt(data: Json, name: string): Json | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined
  const fields = data as { readonly [key: string]: Json }
  if (Object.hasOwn(fields, name)) return fields[name]
  const dot = name.indexOf('.')
  const inner = dot < 0 ? undefined : fields[name.slice(0, dot)]
  return inner === undefined ? undefined : dataAt(inner, name.slice(dot + 1))
}

function toText(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
