// Reads rules and templates: each by its schema, then names, channels and event types against what there is.
import { readMatchers } from '../lib/matchers.ts'
import type { Rule, Template } from '../rule.ts'
import type { Issue, Json } from '../words.ts'
import { check, type Given } from './check.ts'
import type { Path } from './document.ts'
import { showValue, unknownName } from './issue-words.ts'
import type { Kinds } from './kinds.ts'
import { at, isMapping, mappingAt } from './named.ts'
import { checkNames, checkType, type Tell, typesNamedIn } from './known-types.ts'
import { ruleOptions, templateOptions, type RuleOptions } from './options.ts'

export interface RulesTools {
  readonly given: Given
  readonly eventTypes: Kinds['eventTypes']
  readonly channels: readonly string[]
  /** What is wrong with a Liquid text; undefined when it is good. */
  templateProblem?(text: string): string | undefined
}

export interface ReadRules {
  readonly rules: readonly Rule[]
  readonly templates: { readonly [type: string]: Template }
  readonly issues: readonly Issue[]
  /** Odd, but nothing that would be wrong for certain. */
  readonly warnings: readonly Issue[]
}

export function readRules(tools: RulesTools): ReadRules {
  const { given } = tools
  const issues: Issue[] = []
  const warnings: Issue[] = []
  const tell: Tell = (path, message, part = 'value') => void issues.push(given.document.issueAt(path, part, message))
  const warn: Tell = (path, message, part = 'value') => void warnings.push(given.document.issueAt(path, part, message))
  const templates = readTemplates(tools, tell, warn, issues)

  const rules: Rule[] = []
  const places = new Map<string, number>()
  for (const [index, value] of listAt(given.resolved.value, 'rules', tell).entries()) {
    const path = ['rules', index]
    if (!isMapping(value)) {
      tell(path, `a rule is a mapping, not ${showValue(value)}; write for example { on: message, to: team }`)
      continue
    }
    const checked = check(ruleOptions, { path, value }, given)
    if ('issues' in checked) issues.push(...checked.issues)
    checkReferences(value, path, tools, tell, warn)
    const name = nameOf(value)
    const before = places.get(name)
    if (before !== undefined) {
      const { line = 0 } = given.document.issueAt(['rules', before], 'value', '')
      tell(path, `this rule and the one in line ${line} are both named "${name}"; give one of them another name`)
    }
    if (name !== '') places.set(name, before ?? index)
    if ('value' in checked) rules.push(toRule(name, checked.value, templates))
  }
  return { rules, templates, issues, warnings }
}

/** `[kms.activation, backup.*]` is `kms-activation-backup-all`. */
export function slugOf(on: readonly string[]): string {
  return on
    .map((pattern) =>
      pattern
        .replaceAll('*', '.all.')
        .replace(/[^A-Za-z0-9]+/g, '-')
        .replace(/^-|-$/g, ''),
    )
    .join('-')
    .toLowerCase()
}

function nameOf(rule: { readonly [key: string]: Json }): string {
  return typeof rule['name'] === 'string' ? rule['name'] : slugOf(textsOf(rule['on'], []).map(({ text }) => text))
}

function toRule(name: string, options: RuleOptions, templates: { readonly [name: string]: Template }): Rule {
  const { on, where, severity, dedupe, group, throttle, to, stop } = options
  const remind = options.remind ?? group?.repeat
  const template = typeof options.template === 'string' ? templates[options.template] : toTemplate(options.template)
  return {
    name,
    on,
    where: where.flatMap(readMatchers),
    ...(severity && { severity }),
    ...(dedupe && { dedupe: { by: dedupe.by, forMs: dedupe.for, tell: dedupe.tell } }),
    ...(group && { group: { by: group.by, waitMs: group.wait, intervalMs: group.interval, min: group.min } }),
    ...(throttle && { throttle: { max: throttle.max, perMs: throttle.per } }),
    ...(remind !== undefined && { remindMs: remind }),
    ...(template && { template }),
    to: [...new Set(to)],
    stop,
  }
}

function toTemplate(
  written: { title?: string | undefined; text?: string | undefined } | undefined,
): Template | undefined {
  if (written === undefined) return undefined
  const { title, text } = written
  return { ...(title !== undefined && { title }), ...(text !== undefined && { text }) }
}

/** On the values as they stand, so that these mistakes are told together with those of the schema. */
function checkReferences(
  rule: { readonly [key: string]: Json },
  path: Path,
  tools: RulesTools,
  tell: Tell,
  warn: Tell,
): void {
  const own = typesNamedIn(at(tools.given.resolved.value, 'sources') ?? null)
  const types = textsOf(rule['on'], [...path, 'on'])
  for (const { text, path: place } of types) checkType(text, place, tools.eventTypes, own, tell, warn)
  for (const { text, path: place } of textsOf(rule['to'], [...path, 'to'])) {
    if (!tools.channels.includes(text)) tell(place, unknownName('the channel', text, tools.channels, 'there are'))
  }
  if (rule['to'] === undefined && rule['stop'] !== true && rule['on'] !== undefined)
    tell(path, 'this rule tells nobody; name channels in to, or write stop: true to end the search here')
  const { template } = rule
  const names = Object.keys(mappingAt(tools.given.resolved.value, 'templates') ?? {})
  if (typeof template === 'string' && !names.includes(template))
    tell([...path, 'template'], unknownName('the template', template, names, 'there are'))
  if (isMapping(template)) checkLiquid(template, [...path, 'template'], tools, tell)
  const { by } = isMapping(rule['dedupe']) ? rule['dedupe'] : {}
  checkNames(
    textsOf(by, [...path, 'dedupe', 'by']),
    types.map(({ text }) => text),
    tools.eventTypes,
    warn,
  )
}

function readTemplates(
  tools: RulesTools,
  tell: Tell,
  warn: Tell,
  issues: Issue[],
): { readonly [name: string]: Template } {
  const { given } = tools
  const section = mappingAt(given.resolved.value, 'templates')
  if (section === undefined) {
    tell(
      ['templates'],
      `templates is a mapping of event types here, not ${showValue(at(given.resolved.value, 'templates'))}; write an event type, a colon, and {title, text}`,
    )
    return {}
  }
  const used = new Set(listAt(given.resolved.value, 'rules').map((rule) => at(rule, 'template')))
  const templates: Record<string, Template> = {}
  for (const [name, value] of Object.entries(section)) {
    const path = ['templates', name]
    if (!used.has(name))
      checkType(
        name,
        path,
        tools.eventTypes,
        typesNamedIn(at(given.resolved.value, 'sources') ?? null),
        (at, text) => tell(at, text, 'key'),
        (at, text) => warn(at, text, 'key'),
      )
    const checked = check(templateOptions, { path, value }, given)
    if ('issues' in checked) issues.push(...checked.issues)
    else templates[name] = toTemplate(checked.value) ?? {}
    if (isMapping(value)) checkLiquid(value, path, tools, tell)
  }
  return templates
}

function checkLiquid(template: { readonly [key: string]: Json }, path: Path, tools: RulesTools, tell: Tell): void {
  for (const part of ['title', 'text']) {
    const text = template[part]
    const problem = typeof text === 'string' ? tools.templateProblem?.(text) : undefined
    if (problem !== undefined) tell([...path, part], `this template cannot be read: ${problem}`)
  }
}

function listAt(value: Json, key: string, tell?: Tell): readonly Json[] {
  const found = at(value, key)
  if (found === undefined || found === null) return []
  if (isList(found)) return found
  tell?.([key], `${key} is a list here, not ${showValue(found)}; begin each with "- "`)
  return []
}

function textsOf(value: Json | undefined, path: Path): { readonly text: string; readonly path: Path }[] {
  if (typeof value === 'string') return [{ text: value, path }]
  if (value === undefined || !isList(value)) return []
  return value.flatMap((text, index) => (typeof text === 'string' ? { text, path: [...path, index] } : []))
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
