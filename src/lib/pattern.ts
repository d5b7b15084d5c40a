// Patterns that people write: RE2 syntax in linear time, with named groups, a cheap test on bytes, and errors that say where.
import { RE2JS, RE2JSSyntaxException } from 're2js'
import { requiredLiterals } from './pattern-literals.ts'

export interface Pattern {
  readonly text: string
  /** Names of its groups, in order. */
  readonly names: readonly string[]
  /** Every match contains one of these. */
  readonly literals?: readonly string[]
  /** Named groups of the first match in `line`; a group that took no part is absent. Undefined: no match. */
  match(line: string): Groups | undefined
}

export type Groups = { readonly [name: string]: string }

/** Refuses most lines of a chunk by bytes alone: each text is searched once through the chunk, not once per line. */
export interface Prefilter {
  /** Call for each new buffer, and again when the buffer's content has changed. */
  begin(buffer: Buffer): void
  /** False only when no match is possible; ranges must be asked in rising order. */
  mayMatch(start: number, end: number): boolean
}

/** Throws `PatternError`; config is checked by `patternProblem` first. */
export function compilePattern(text: string): Pattern {
  const problem = patternProblem(text)
  if (problem !== undefined) throw new PatternError(problem)
  const compiled = RE2JS.compile(text)
  const engine = compiled.re2()
  const groups = Object.entries(compiled.namedGroups())
  const literals = requiredLiterals(text)

  function match(line: string): Groups | undefined {
    // The engine's own call: half of the time of `exec`, which builds an array like RegExp's.
    const found: readonly number[] | null = engine.findSubmatchIndex(line)
    if (!found) return undefined
    const named: Record<string, string> = {}
    for (const [name, index] of groups) {
      const from = found[2 * index] ?? -1
      if (from >= 0) named[name] = line.slice(from, found[2 * index + 1])
    }
    return named
  }

  return { text, names: groups.map(([name]) => name), match, ...(literals && { literals }) }
}

export class PatternError extends Error {
  override readonly name = 'PatternError'
}

/** What is wrong with a pattern and where, without a full stop; undefined when it is good. */
export function patternProblem(text: string): string | undefined {
  if (text === '') return 'the pattern is empty and would match every line; write the text to look for'
  const unsupported = findUnsupported(text)
  if (unsupported) return unsupported
  try {
    RE2JS.compile(text)
    return undefined
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error
    return explain(text, error.getDescription(), error.getPattern() ?? '')
  }
}

export function createPrefilter(pattern: Pattern): Prefilter {
  const texts = pattern.literals?.map((text) => Buffer.from(text))
  if (!texts) return { begin() {}, mayMatch: () => true }
  const hits = texts.map(() => -1)
  let within: Buffer = Buffer.alloc(0)

  function begin(buffer: Buffer): void {
    within = buffer
    hits.fill(-1)
  }

  function mayMatch(start: number, end: number): boolean {
    for (let n = 0; n < texts!.length; n++) {
      const text = texts![n]!
      let hit = hits[n]!
      if (hit < start) {
        hit = within.indexOf(text, start)
        if (hit === -1) hit = Infinity
        hits[n] = hit
      }
      if (hit + text.length <= end) return true
    }
    return false
  }

  return { begin, mayMatch }
}

/** What other engines know and a linear one cannot, found before the engine says so in its own terms. */
function findUnsupported(text: string): string | undefined {
  const { marks } = scan(text)
  for (const { at, sign } of marks) {
    const rest = text.slice(at)
    const look = /^\(\?<?[=!]/.exec(rest)
    if (look) {
      return `look-around is not supported, because patterns run in linear time: "${look[0]}" at position ${at + 1}; match the text itself and give the part you need a name, as in (?<name>…)`
    }
    if (sign === '\\' && /^\\(?:[1-9]|k<)/.test(rest)) {
      return `back-references are not supported, because patterns run in linear time: "${rest.slice(0, 2)}" at position ${at + 1}; match the second text by a group of its own`
    }
    if (rest.startsWith('\\u')) {
      return `"\\u" at position ${at + 1} is not known here; write the character itself, or \\x{…} with its number`
    }
    if (rest.startsWith('(?>')) {
      return `"(?>" at position ${at + 1} is not supported and not needed, because patterns run in linear time; write (?:`
    }
  }
  return undefined
}

const inOtherWords: { readonly [description: string]: string } = {
  'missing closing )': 'a ( is never closed; add the ) or write \\( for the character itself',
  'unexpected )': 'a ) has no ( before it; write \\) for the character itself',
  'missing closing ]': 'a [ is never closed; add the ] or write \\[ for the character itself',
  'trailing backslash at end of expression': 'a \\ at the end escapes nothing; write \\\\ for the character itself',
  'missing argument to repetition operator':
    'there is nothing to repeat before it; write a \\ before it for the character itself',
  'invalid nested repetition operator': 'a repeat of a repeat; put the first one in (?:…)',
  'invalid repeat count': 'repeats go up to 1000, the smaller number first',
  'invalid escape sequence': 'this escape is not known',
  'invalid character class range': 'this range or class is not known',
  'invalid named capture': 'a group name is letters, digits and _, as in (?<name>…)',
  'duplicate capture group name': 'two groups have this name; give each its own',
  'invalid or unsupported Perl syntax': 'this kind of group is not known; use (…), (?:…) or (?<name>…)',
}

function explain(text: string, description: string, fragment: string): string {
  const at = positionOf(text, description, fragment)
  const shown = fragment === '' || fragment === text ? '' : ` ("${fragment}")`
  return `${inOtherWords[description] ?? description}: position ${at + 1}${shown}`
}

function positionOf(text: string, description: string, fragment: string): number {
  const { open, strayClose, openClass } = scan(text)
  if (description === 'missing closing )') return open ?? 0
  if (description === 'unexpected )') return strayClose ?? 0
  if (description === 'missing closing ]') return openClass ?? 0
  if (description.startsWith('trailing backslash')) return text.length - 1
  if (description.startsWith('duplicate')) return text.lastIndexOf(`<${fragment}>`) + 1
  return Math.max(0, text.indexOf(fragment))
}

/** Where escapes and groups stand, character classes left out. */
function scan(text: string) {
  const marks: { readonly at: number; readonly sign: string }[] = []
  const groups: number[] = []
  let strayClose: number | undefined
  let openClass: number | undefined
  for (let at = 0; at < text.length; at++) {
    const sign = text[at] ?? ''
    if (sign === '\\') marks.push({ at: at++, sign })
    else if (openClass !== undefined) {
      if (sign === ']' && at > openClass + (text[openClass + 1] === '^' ? 2 : 1)) openClass = undefined
      else if (text.startsWith('[:', at)) at = Math.max(at, text.indexOf(':]', at) + 1)
    } else if (sign === '[') openClass = at
    else if (sign === '(') {
      groups.push(at)
      marks.push({ at, sign })
    } else if (sign === ')' && groups.pop() === undefined) strayClose ??= at
  }
  return { marks, open: groups.at(-1), strayClose, openClass }
}
