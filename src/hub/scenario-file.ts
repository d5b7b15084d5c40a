// Reads a scenario: a config, a start, steps on a timeline, and what is expected of it. All mistakes at once, with their place.
import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { readDuration } from '../lib/duration.ts'
import { type Issue, reasons, severities } from '../words.ts'

/** YAML reads `+0` as a number: seconds after the start. */
const when = z
  .union([z.string(), z.number().transform((seconds) => `+${seconds}s`)])
  .describe('`+5m` after the start, or an ISO time with its offset.')

const event = z.strictObject({
  type: z.string(),
  source: z.string().default('events'),
  time: when.optional(),
  host: z.string().optional(),
  subject: z.string().optional(),
  severity: z.enum(severities).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  data: z.record(z.string(), z.json()).optional(),
  title: z.string().optional(),
  text: z.string().optional(),
  condition: z
    .strictObject({
      key: z.string(),
      state: z.enum(['firing', 'changed', 'resolved']),
      endsAt: when.optional(),
      expireAfter: z.string().optional().describe('Such as `5m`.'),
    })
    .optional(),
  identity: z.strictObject({ producer: z.string(), id: z.string() }).optional(),
})

const fact = z.strictObject({
  source: z.string(),
  name: z.string(),
  key: z.string(),
  time: when.optional(),
  host: z.string().optional(),
  data: z.record(z.string(), z.json()).default({}),
})

const config = z.union([z.string(), z.record(z.string(), z.json())])

const step = z.strictObject({
  at: when,
  event: event.optional(),
  fact: fact.optional(),
  /** The same event so many times. */
  times: z.int().min(1).max(100_000).optional(),
  lines: z.strictObject({ source: z.string(), text: z.string() }).optional(),
  command: z
    .union([
      z.strictObject({ retry: z.string().describe('A channel: its dead and expired messages are sent again.') }),
      z.strictObject({ close: z.string().describe('The key of a condition that is closed by hand.') }),
      z.strictObject({
        silence: z.string().describe('Matchers, such as `host="nas"`.'),
        for: z.string().describe('Such as `2h`.'),
        id: z.string().default('s1'),
      }),
      z.strictObject({ unsilence: z.string().describe('The id of a silence that ends now.') }),
      z.strictObject({ ack: z.string().describe('The key of a condition that somebody looks after.') }),
      z.strictObject({ forget: z.string().describe('A host that is forgotten.') }),
      z.strictObject({ clockJump: z.string().describe('Such as `2h` or `-30m`.') }),
    ])
    .optional(),
  outage: z
    .strictObject({ channel: z.string(), for: z.string(), reason: z.enum(reasons).default('unreachable') })
    .optional(),
  reload: z.union([config, z.literal(true)]).optional(),
  /** At once, or after so long: `restart: 2h`. */
  restart: z.union([z.literal(true), z.string()]).optional(),
  /** What the inputs of this step lead to is being sent when the process dies. */
  kill: z.literal(true).optional(),
})

const told = z.strictObject({
  channel: z.string(),
  from: when.optional(),
  to: when.optional(),
  count: z.int().min(0).optional(),
  text: z.string().optional().describe('Stands in the text of each message counted.'),
})

const silent = z.strictObject({
  silent: z.string().describe('Event types that nobody was told of; `*` stands for any characters.'),
  subject: z.string().optional(),
  reason: z.string().describe('Stands in the reason, such as `dedupe` or `no rule`.'),
  count: z.int().min(0).optional(),
})

const shape = z.strictObject({
  about: z.string().optional(),
  config,
  start: z.iso.datetime({
    offset: true,
    error: 'start is an ISO time with its offset, such as 2026-11-20T03:00:00+01:00',
  }),
  steps: z.array(step),
  expect: z.array(z.union([told, silent])).min(1),
})

export type ScenarioFile = z.infer<typeof shape>
export type ScenarioStep = Omit<z.infer<typeof step>, 'at'> & { readonly at: number }
export type Expectation = z.infer<typeof told> | z.infer<typeof silent>
export type ScenarioConfig = z.infer<typeof config>

export interface Scenario {
  readonly config: ScenarioConfig
  readonly startAt: number
  /** In the order of their times; those of the same time as written. */
  readonly steps: readonly ScenarioStep[]
  readonly expect: readonly Expectation[]
}

export function readScenario(
  text: string,
  file: string,
): { readonly scenario?: Scenario; readonly issues: readonly Issue[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  if (document.errors.length > 0) {
    return {
      issues: document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0])
        return { path: '', file, line, column: col, message: `this is no YAML: ${error.message.split('\n')[0]}` }
      }),
    }
  }
  const read = shape.safeParse(document.toJS())
  const place = (path: readonly PropertyKey[], message: string): Issue => {
    const node = nodeAt(document, path)
    const at = node === undefined ? undefined : lines.linePos(node)
    return { path: path.join('.'), file, ...(at === undefined ? {} : { line: at.line, column: at.col }), message }
  }
  if (!read.success) return { issues: read.error.issues.map((issue) => place(issue.path, issue.message)) }
  return toScenario(read.data, place)
}

/** `+5m` from the start, or an ISO time with offset; undefined when it is neither. */
export function readWhen(text: string, startAt: number): number | undefined {
  if (text.startsWith('+')) {
    const wait = readDuration(text.slice(1))
    return wait === undefined ? undefined : startAt + wait
  }
  const at = /(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

function toScenario(
  data: ScenarioFile,
  place: (path: readonly PropertyKey[], message: string) => Issue,
): { readonly scenario?: Scenario; readonly issues: readonly Issue[] } {
  const issues: Issue[] = []
  const startAt = readWhen(data.start, 0)
  if (startAt === undefined) {
    return {
      issues: [
        place(['start'], `"${data.start}" is no time with its offset; write it such as 2026-11-20T03:00:00+01:00`),
      ],
    }
  }
  const check = (path: readonly PropertyKey[], text: string | undefined): number | undefined => {
    const at = text === undefined ? undefined : readWhen(text, startAt)
    if (text !== undefined && at === undefined) {
      issues.push(place(path, `"${text}" is no time; write +5m after the start, or an ISO time with its offset`))
    }
    return at
  }
  const steps = data.steps.map((one, index) => ({ ...one, at: check(['steps', index, 'at'], one.at) ?? startAt }))
  for (const [index, { restart }] of data.steps.entries()) {
    if (typeof restart !== 'string' || readDuration(restart) !== undefined) continue
    issues.push(
      place(['steps', index, 'restart'], `"${restart}" is no duration; write true, or how long it is away, such as 2h`),
    )
  }
  for (const [index, one] of data.expect.entries()) {
    if (!('channel' in one)) continue
    check(['expect', index, 'from'], one.from)
    check(['expect', index, 'to'], one.to)
  }
  if (issues.length > 0) return { issues }
  return {
    issues,
    scenario: {
      config: data.config,
      startAt,
      steps: steps.toSorted((one, other) => one.at - other.at),
      expect: data.expect,
    },
  }
}

function nodeAt(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as
      | { readonly range?: readonly [number, number, number] }
      | undefined
    if (node?.range !== undefined) return node.range[0]
  }
  return undefined
}
