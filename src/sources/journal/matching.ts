// Which entries of the journal are events, and what of them goes into one.
import type { JournalEntry } from '../../lib/journal.ts'
import { compilePattern, type Groups, type Pattern } from '../../lib/pattern.ts'
import { cleanLine, cutBytes, cutText } from '../../lib/text.ts'
import type { NewEvent, Severity } from '../../words.ts'
import type { JournalOptions, MatchOptions } from './options.ts'
import { fill } from './template.ts'

type Matcher = Partial<Omit<MatchOptions, 'pattern'>> & { readonly pattern?: Pattern }

const lineBytes = 4096
const fieldLength = 1024
const nameLength = 256
const titleLength = 300

/** Undefined: no event. Its time is for the caller to add. */
export function createMatching(
  options: JournalOptions,
  hostHere: string,
): (entry: JournalEntry, cut: boolean) => NewEvent | undefined {
  const matchers = toMatchers(options.match)
  const isForeign = options.file !== undefined || options.directory !== undefined

  return (entry, cut) => {
    for (const matcher of matchers) {
      const groups = matchOf(matcher.pattern, entry.text)
      if (groups === undefined) continue
      // Our own machine is called as the configuration calls it, as with every other source.
      const host = (isForeign ? entry.host : undefined) ?? hostHere
      return toEvent(matcher, groups, { ...entry, host }, cut)
    }
    return undefined
  }
}

function toEvent(
  matcher: Matcher,
  groups: Groups,
  entry: JournalEntry & { readonly host: string },
  cut: boolean,
): NewEvent {
  const { type = 'log.line', condition } = matcher
  const { text, unit, identifier, priority } = entry
  const line = cutBytes(text, lineBytes)
  const fields = Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, value.slice(0, fieldLength)]))
  const host = (matcher.host === undefined ? undefined : groups[matcher.host]) ?? entry.host
  const values = { unit, identifier, host, ...groups }
  const subject = groups[matcher.subject ?? 'subject'] ?? unit ?? identifier
  const severity = matcher.severity ?? severityOf(priority)
  const title =
    matcher.title === undefined
      ? type === 'log.line'
        ? undefined
        : cleanLine(text)
      : cleanLine(fill(matcher.title, values))
  return {
    type,
    host: host.slice(0, nameLength),
    ...(subject === undefined || subject === '' ? {} : { subject: subject.slice(0, nameLength) }),
    ...(severity === undefined ? {} : { severity }),
    ...(title === undefined || title === '' ? {} : { title: cutText(title, titleLength) }),
    data: {
      pattern: matcher.name ?? matcher.pattern?.text ?? 'entry',
      line,
      ...(type === 'log.line' ? { fields } : fields),
      ...(unit === undefined ? {} : { unit }),
      ...(identifier === undefined ? {} : { identifier }),
      ...(priority === undefined ? {} : { priority }),
      ...(cut || line.length < text.length ? { cut: true } : {}),
    },
    ...(condition === undefined
      ? {}
      : {
          condition: {
            key: fill(condition.key, values).slice(0, nameLength) || type,
            state: condition.state,
            ...(condition.expireAfter === undefined ? {} : { expireAfterMs: condition.expireAfter }),
          },
        }),
  }
}

/** syslog(3) has eight levels. */
function severityOf(priority: number | undefined): Severity | undefined {
  if (priority === undefined) return undefined
  if (priority <= 2) return 'critical'
  return priority === 3 ? 'error' : priority === 4 ? 'warning' : 'info'
}

function matchOf(pattern: Pattern | undefined, text: string): Groups | undefined {
  if (pattern === undefined) return {}
  if (pattern.literals?.some((literal) => text.includes(literal)) === false) return undefined
  return pattern.match(text)
}

function toMatchers(match: JournalOptions['match']): readonly Matcher[] {
  if (match === undefined) return [{}]
  const list: readonly (string | MatchOptions)[] = Array.isArray(match) ? match : [match as string | MatchOptions]
  return list.map((entry) =>
    typeof entry === 'string'
      ? { pattern: compilePattern(entry) }
      : { ...entry, pattern: compilePattern(entry.pattern) },
  )
}
