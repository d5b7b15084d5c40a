// Reads label matchers as Alertmanager writes them: severity=~"warning|critical", {zone!="probe", product="Windows 11"}.
//
// Regular expressions are RE2, anchored at both ends. A label that is absent has the empty text as its value.
// The grammar: https://prometheus.io/docs/alerting/latest/configuration/#matcher
import { RE2JS, RE2JSSyntaxException } from 're2js'
import { patternProblem } from './pattern.ts'

export interface Matcher {
  readonly name: string
  readonly op: '=' | '!=' | '=~' | '!~'
  readonly value: string
  matches(value: string): boolean
}

export class MatcherError extends Error {
  override readonly name = 'MatcherError'
  /** Characters before the mistake. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message}; at character ${offset + 1}`)
    this.offset = offset
  }
}

/** One matcher, several between commas, or those between braces. Throws `MatcherError`. */
export function readMatchers(text: string): Matcher[] {
  const scanner = createScanner(text)
  scanner.skipSpace()
  const braced = scanner.take('{')
  const matchers: Matcher[] = []
  for (;;) {
    scanner.skipSpace()
    if (braced ? scanner.take('}') : scanner.atEnd()) break
    matchers.push(readMatcher(scanner))
    scanner.skipSpace()
    if (scanner.take(',')) continue
    if (braced ? scanner.take('}') : scanner.atEnd()) break
    if (scanner.atEnd()) throw scanner.fail('the { is never closed; write a } at the end')
    throw scanner.fail(`"${scanner.rest()}" is unexpected here; put commas between matchers and quotes around values`)
  }
  scanner.skipSpace()
  if (!scanner.atEnd()) throw scanner.fail(`"${scanner.rest()}" stands behind the }; remove it`)
  if (!braced && matchers.length === 0)
    throw scanner.fail('the matcher is empty; write one such as severity="critical"')
  return matchers
}

/** What is wrong with a matcher and where; undefined when it is good. */
export function matchersProblem(text: string): string | undefined {
  try {
    readMatchers(text)
    return undefined
  } catch (error) {
    if (error instanceof MatcherError) return error.message
    throw error
  }
}

/** As it would be written. */
export function writeMatcher({ name, op, value }: Pick<Matcher, 'name' | 'op' | 'value'>): string {
  return `${bareName.test(name) ? name : JSON.stringify(name)}${op}${JSON.stringify(value)}`
}

/** Throws a `MatcherError` for a regular expression that cannot be read. */
export function createMatcher(name: string, op: Matcher['op'], value: string): Matcher {
  if (op === '=') return { name, op, value, matches: (given) => given === value }
  if (op === '!=') return { name, op, value, matches: (given) => given !== value }
  const test = compileAnchored(value)
  return { name, op, value, matches: op === '=~' ? test : (given) => !test(given) }
}

type Scanner = ReturnType<typeof createScanner>

const bareName = /^[A-Za-z_][A-Za-z0-9_.:-]*$/

function readMatcher(scanner: Scanner): Matcher {
  const name = scanner.takeName()
  scanner.skipSpace()
  const op = scanner.takeOp()
  scanner.skipSpace()
  const from = scanner.offset()
  const value = scanner.takeValue()
  if (op === '=~' || op === '!~') {
    // The empty pattern matches the empty text, which is a way to ask for an absent label.
    const problem = value === '' ? undefined : patternProblem(value)
    if (problem !== undefined) throw new MatcherError(`the pattern "${value}" cannot be read: ${problem}`, from)
  }
  return createMatcher(name, op, value)
}

function compileAnchored(value: string): (text: string) => boolean {
  // As Prometheus has it since 3.0: a dot also stands for a line feed.
  const pattern = compile(value)
  return (text) => pattern.testExact(text)
}

function compile(value: string): RE2JS {
  try {
    return RE2JS.compile(value, RE2JS.DOTALL)
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error
    throw new MatcherError(`the pattern "${value}" cannot be read: ${error.getDescription()}`, 0)
  }
}

function createScanner(text: string) {
  let at = 0
  const fail = (message: string, offset = at) => new MatcherError(message, offset)
  const rest = () => (text.length - at > 20 ? `${text.slice(at, at + 20)}…` : text.slice(at))

  function take(token: string): boolean {
    if (!text.startsWith(token, at)) return false
    at += token.length
    return true
  }

  function takeWhile(pattern: RegExp): string {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0] ?? ''
    at += found.length
    return found
  }

  function takeQuoted(): string {
    const from = at
    const whole = takeWhile(/"(?:[^"\\]|\\[^])*"/y)
    if (whole === '') throw fail('the " is never closed; write a " behind the value', from)
    return whole.slice(1, -1).replace(/\\([^])/g, (escape, sign: string) => {
      if (sign === 'n') return '\n'
      // As in Alertmanager: an unknown escape stands for itself, so that \d and \. need not be doubled in patterns.
      return sign === '"' || sign === '\\' ? sign : escape
    })
  }

  function takeName(): string {
    if (text[at] === '"') return takeQuoted() || raise(fail('the name is empty; write a label name'))
    const name = takeWhile(/[^\s"'`{}()=!~,\\]+/y)
    return name || raise(fail(`a label name is expected here, not "${rest()}"; write for example severity="critical"`))
  }

  function takeOp(): Matcher['op'] {
    if (take('==')) throw fail('"==" is no operator; write =', at - 2)
    for (const op of ['=~', '!~', '!=', '='] as const) if (take(op)) return op
    throw fail(`one of = != =~ !~ is expected here${at < text.length ? `, not "${rest()}"` : ''}`)
  }

  function takeValue(): string {
    if (text[at] === '"') return takeQuoted()
    const value = takeWhile(/[^\s"'`{}=!~,\\]+/y)
    return value || raise(fail('a value is expected here; put it in double quotes'))
  }

  return {
    fail,
    rest,
    take,
    takeName,
    takeOp,
    takeValue,
    offset: () => at,
    atEnd: () => at >= text.length,
    skipSpace: () => void takeWhile(/\s+/y),
  }
}

function raise(error: Error): never {
  throw error
}
