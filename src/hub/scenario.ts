// The scenario runner: a timeline of inputs on a virtual clock, and what must have been told, and what not and why.
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { readDuration } from '../lib/duration.ts'
import { globMatches } from '../lib/glob.ts'
import type { Condition, HubEvent, Issue, Verdict } from '../words.ts'
import type { Assembly } from './assemble.ts'
import { createRehearsal, type Rehearsal } from './rehearsal.ts'
import { runCommand } from './scenario-command.ts'
import {
  type Expectation,
  readScenario,
  readWhen,
  type Scenario,
  type ScenarioConfig,
  type ScenarioStep,
} from './scenario-file.ts'

export interface ScenarioReport {
  readonly ok: boolean
  /** For people: what did not come out as expected, with what was told instead. */
  readonly report: string
}

export interface ScenarioTools {
  /** Reads and assembles a config text; throws an `Error` with all mistakes for people. */
  assemble(text: string, file: string): Promise<Assembly>
}

/** Throws an `Error` with a sentence for people when a config cannot be read. */
export async function runScenario(text: string, file: string, tools: ScenarioTools): Promise<ScenarioReport> {
  const { scenario, issues } = readScenario(text, file)
  if (scenario === undefined) return { ok: false, report: issues.map(toLine).join('\n') }
  const load = (config: ScenarioConfig): Promise<Assembly> => loadConfig(config, file, tools)
  const played = await play(scenario, load)
  const failures = scenario.expect.flatMap((one, index) => check(one, index, scenario, played))
  if (failures.length > 0) return { ok: false, report: [`${file}: failed`, ...failures, ...told(played)].join('\n') }
  const empty = { ...scenario, steps: scenario.steps.map(withoutInput) }
  const without = await play(empty, load)
  if (scenario.expect.every((one, index) => check(one, index, empty, without).length === 0)) {
    const report = `${file}: cannot fail: what it expects holds with all inputs removed; expect a message, or silence of an event with its reason`
    return { ok: false, report }
  }
  return {
    ok: true,
    report: `${file}: ok (${count(scenario.expect.length, 'expectation')}, ${count(played.messages.length, 'message')})`,
  }
}

interface Played {
  readonly messages: Rehearsal['messages']
  readonly events: readonly HubEvent[]
  readonly verdicts: readonly Verdict[]
}

async function play(scenario: Scenario, load: (config: ScenarioConfig) => Promise<Assembly>): Promise<Played> {
  const rehearsal = await createRehearsal(await load(scenario.config), { startAt: scenario.startAt })
  try {
    for (const step of scenario.steps) {
      await rehearsal.advance(step.at)
      await take(rehearsal, step, scenario, load)
    }
    await rehearsal.advance(Math.max(rehearsal.clock.now(), ...scenario.expect.map((one) => endOf(one, scenario))))
    await rehearsal.runOut()
    const [events, verdicts] = await Promise.all([rehearsal.events(), rehearsal.verdicts()])
    return { messages: [...rehearsal.messages], events, verdicts }
  } finally {
    await rehearsal.close()
  }
}

async function take(
  rehearsal: Rehearsal,
  step: ScenarioStep,
  scenario: Scenario,
  load: (config: ScenarioConfig) => Promise<Assembly>,
): Promise<void> {
  if (step.kill === true) rehearsal.dying()
  if (step.outage !== undefined) {
    const { channel, for: span, reason } = step.outage
    rehearsal.outage(channel, step.at + (readDuration(span) ?? 0), reason)
  }
  if (step.event !== undefined) {
    const { source, time, condition, ...event } = step.event
    const at = time === undefined ? {} : { time: readWhen(time, scenario.startAt) ?? step.at }
    const more = condition === undefined ? {} : { condition: toCondition(condition, scenario) }
    await rehearsal.emit(
      source,
      Array.from({ length: step.times ?? 1 }, () => ({ ...defined(event), ...at, ...more })),
    )
  }
  if (step.fact !== undefined) {
    const { source, time, ...fact } = step.fact
    const at = time === undefined ? {} : { time: readWhen(time, scenario.startAt) ?? step.at }
    await rehearsal.observe(source, [{ ...defined(fact), ...at }])
  }
  if (step.lines !== undefined) await rehearsal.lines(step.lines.source, Buffer.from(ended(step.lines.text)))
  if (step.command !== undefined) await runCommand(rehearsal, step.command)
  if (step.reload !== undefined)
    await rehearsal.reload(await load(step.reload === true ? scenario.config : step.reload))
  if (step.restart !== undefined || step.kill === true) await rehearsal.restart(awayMs(step.restart))
}

/** The last line is whole as well: half a line is a matter of the tail, and of its tests. */
function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

function toCondition(
  { endsAt, expireAfter, ...condition }: NonNullable<NonNullable<ScenarioStep['event']>['condition']>,
  { startAt }: Scenario,
): Condition {
  const at = endsAt === undefined ? undefined : readWhen(endsAt, startAt)
  const expireAfterMs = expireAfter === undefined ? undefined : readDuration(expireAfter)
  return {
    ...condition,
    ...(at === undefined ? {} : { endsAt: at }),
    ...(expireAfterMs === undefined ? {} : { expireAfterMs }),
  }
}

function awayMs(restart: ScenarioStep['restart']): number {
  return typeof restart === 'string' ? (readDuration(restart) ?? 0) : 0
}

/** The same timeline with nothing happening in it. */
function withoutInput({ at, reload, restart, kill }: ScenarioStep): ScenarioStep {
  return {
    at,
    ...(reload === undefined ? {} : { reload }),
    ...(restart === undefined ? {} : { restart }),
    ...(kill === undefined ? {} : { kill }),
  }
}

/** Sentences about what did not hold; none when it did. */
function check(expected: Expectation, index: number, scenario: Scenario, played: Played): string[] {
  const name = `  expectation ${index + 1}`
  if ('silent' in expected) return checkSilent(expected, name, played)
  const from = readWhen(expected.from ?? '+0', scenario.startAt) ?? scenario.startAt
  const to = expected.to === undefined ? Infinity : (readWhen(expected.to, scenario.startAt) ?? Infinity)
  const { channel, text, count } = expected
  const found = played.messages.filter(
    (message) =>
      message.channel === channel &&
      message.at >= from &&
      message.at <= to &&
      (text === undefined || message.text.includes(text)),
  )
  const wanted = count === undefined ? found.length > 0 : found.length === count
  if (wanted) return []
  const said = text === undefined ? '' : ` with "${text}"`
  const span = `between ${offset(from, scenario)} and ${to === Infinity ? 'the end' : offset(to, scenario)}`
  return [`${name}: wanted ${count ?? 'at least 1'} on ${channel}${said} ${span}, there were ${found.length}`]
}

function checkSilent(
  expected: Extract<Expectation, { silent: string }>,
  name: string,
  { events, verdicts }: Played,
): string[] {
  const meant = events.filter(
    (event) =>
      globMatches(expected.silent, event.type) &&
      (expected.subject === undefined || event.subject === expected.subject),
  )
  const silent = meant.filter((event) => {
    const own = verdicts.filter((verdict) => verdict.event === event.seq)
    if (own.some((verdict) => verdict.state === 'delivered' || verdict.state === 'unknown')) return false
    const why =
      own.length === 0
        ? 'no rule matched'
        : own.map((verdict) => `${verdict.state} ${verdict.by} ${verdict.reason}`).join('; ')
    return why.includes(expected.reason)
  })
  const wanted = expected.count ?? Math.max(meant.length, 1)
  if (silent.length === wanted) return []
  const about = `${expected.silent}${expected.subject === undefined ? '' : ` (${expected.subject})`}`
  return [
    `${name}: wanted ${wanted} × ${about} silent by "${expected.reason}", there were ${silent.length} of ${meant.length}`,
  ]
}

function told({ messages }: Played): string[] {
  if (messages.length === 0) return ['  nothing was told']
  const lines = messages.slice(0, 20).map(({ channel, at, text }) => {
    return `    ${new Date(at).toISOString()} ${channel}: ${text.split('\n').join(' ⏎ ').slice(0, 160)}`
  })
  return [`  told were ${messages.length}:`, ...lines]
}

function endOf(expected: Expectation, { startAt }: Scenario): number {
  return 'channel' in expected && expected.to !== undefined ? (readWhen(expected.to, startAt) ?? startAt) : startAt
}

function offset(at: number, { startAt }: Scenario): string {
  return `+${Math.round((at - startAt) / 1000)}s`
}

async function loadConfig(config: ScenarioConfig, file: string, tools: ScenarioTools): Promise<Assembly> {
  if (typeof config !== 'string') return tools.assemble(JSON.stringify(config, undefined, 2), `${file} (config)`)
  const path = resolve(dirname(file), config)
  return tools.assemble(await readFile(path, 'utf8'), path)
}

function toLine({ file, line, column, message }: Issue): string {
  return [file, line, column].filter((part) => part !== undefined).join(':') + `: ${message}`
}

function defined<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
