// Puts what a schema found wrong into words: what is wrong; what would be right.
import type { z } from 'zod'
import { suggest } from '../lib/suggest.ts'
import type { Json } from '../words.ts'

/** What stands at the place of the mistake and what is known of it. */
export interface Wrong {
  /** The last step of the path. */
  readonly key: string
  /** Absent: nothing stands there. */
  readonly value?: Json
  /** In place of the value where that must not be seen. */
  readonly shown?: string
  readonly knownValues: readonly string[]
  /** First sentence of the option's description. */
  readonly about?: string
}

export function wordsFor(issue: z.core.$ZodIssue, wrong: Wrong): string {
  if (!isPlainIssue(issue)) return issue.message
  switch (issue.code) {
    case 'invalid_type':
      return wrong.value === undefined
        ? missing(wrong)
        : wrongType(expectations[issue.expected] ?? issue.expected, wrong)
    case 'invalid_value':
      return wrong.value === undefined ? missing(wrong) : unknownValue(wrong, issue.values.map(String))
    case 'invalid_union':
      if (wrong.value === undefined) return missing(wrong)
      if (wrong.knownValues.length > 0) return unknownValue(wrong, wrong.knownValues)
      return wrongType(expectedOf(issue), wrong)
    case 'too_small':
      return tooSmall(issue, wrong)
    case 'too_big':
      return tooBig(issue, wrong)
    case 'invalid_format':
      return `${show(wrong)} is no ${formats[issue.format] ?? `valid ${issue.format}`}; write one${example(issue.format)}`
    case 'not_multiple_of':
      return `${show(wrong)} does not fit; write a multiple of ${issue.divisor}`
    case 'invalid_key':
      return `"${wrong.key}" cannot be a name here; ${issue.issues[0]?.message ?? 'choose another'}`
    case 'invalid_element':
    case 'unrecognized_keys':
    case 'custom':
      return issue.message
  }
}

/** Whether the schema had no words of its own for it. */
export function isPlainIssue(issue: z.core.$ZodIssue): boolean {
  return issue.code !== 'custom' && /^(Invalid|Too small|Too big|Unrecognized)\b/.test(issue.message)
}

/** Words for a key or name that is not in `known`. */
export function unknownName(what: string, name: string, known: readonly string[], listed = 'known here'): string {
  const meant = suggest(name, known)
  if (meant !== undefined) return `${what} "${name}" is not known; did you mean "${meant}"?`
  return `${what} "${name}" is not known; ${known.length === 0 ? 'remove it' : `${listed}: ${list(known)}`}`
}

/** A value as a person would recognise it, cut. */
export function showValue(value: Json | undefined): string {
  if (value === undefined || value === null) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value)
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'a mapping'
  return String(value)
}

const expectations: { readonly [type: string]: string } = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping of keys and values',
  record: 'a mapping of names and values',
  array: 'a list',
  null: 'nothing',
  undefined: 'nothing',
}

const formats: { readonly [format: string]: string } = {
  url: 'web address',
  email: 'mail address',
  datetime: 'date and time',
  regex: 'text of the form expected here',
  ipv4: 'IPv4 address',
  ipv6: 'IPv6 address',
}

function example(format: string): string {
  if (format === 'url') return ' such as https://example.org/'
  if (format === 'email') return ' such as ann@example.org'
  return format === 'datetime' ? ' such as 2026-11-20T13:00:00Z' : ' that is'
}

function missing({ key, about }: Wrong): string {
  return `"${key}" is missing; add it${about === undefined ? '' : ` (${about})`}`
}

function wrongType(expected: string, wrong: Wrong): string {
  const { value } = wrong
  const isPlain = typeof value === 'number' || typeof value === 'boolean'
  const advice = expected === 'a text' && isPlain ? 'put it in quotes' : `write ${expected}`
  return `${expected} is expected here, not ${show(wrong)}; ${advice}`
}

function unknownValue(wrong: Wrong, known: readonly string[]): string {
  const meant = typeof wrong.value === 'string' ? suggest(wrong.value, known) : undefined
  const advice = meant === undefined ? `write ${orList(known)}` : `did you mean "${meant}"?`
  return `${show(wrong)} is not known here; ${advice}`
}

function tooSmall(issue: z.core.$ZodIssueTooSmall, wrong: Wrong): string {
  const least = String(issue.minimum)
  if (issue.origin === 'string')
    return issue.minimum === 1
      ? `"${wrong.key}" is empty; write a text`
      : `this text is too short; write at least ${least} characters`
  if (issue.origin === 'array')
    return issue.minimum === 1
      ? 'the list is empty; name at least one'
      : `the list is too short; name at least ${least}`
  return `${show(wrong)} is too small; write ${issue.inclusive === false ? 'more than' : 'at least'} ${least}`
}

function tooBig(issue: z.core.$ZodIssueTooBig, wrong: Wrong): string {
  const most = String(issue.maximum)
  if (issue.origin === 'string') return `this text is too long; write at most ${most} characters`
  if (issue.origin === 'array') return `the list is too long; name at most ${most}`
  return `${show(wrong)} is too big; write ${issue.inclusive === false ? 'less than' : 'at most'} ${most}`
}

/** Of a union of which no branch fits even by its type. */
function expectedOf(issue: z.core.$ZodIssueInvalidUnion): string {
  const types = issue.errors.flatMap((branch) =>
    branch.flatMap((inside) => {
      if (inside.code === 'invalid_union') return [expectedOf(inside)]
      return inside.code === 'invalid_type' && inside.path.length === 0
        ? [expectations[inside.expected] ?? inside.expected]
        : []
    }),
  )
  return types.length === 0 ? 'something else' : orList([...new Set(types)])
}

function show({ value, shown }: Wrong): string {
  return shown === undefined ? showValue(value) : shown
}

function orList(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function list(words: readonly string[]): string {
  return words.join(', ')
}
