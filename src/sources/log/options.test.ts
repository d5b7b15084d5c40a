// What people are told when the options of a log source make no sense.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import log from './index.ts'
import { logOptions } from './options.ts'

const session = { open: 'start id=(?<id>\\S+)', close: 'end id=(?<id>\\S+)' }

test('mistakes in the options are named at their place', () => {
  const cases: readonly (readonly [options: object, path: string, message: RegExp])[] = [
    [{}, '', /nothing to look for/],
    [{ match: [] }, '', /nothing to look for/],
    [{ match: 'a(?=b)' }, 'match', /look-around is not supported/],
    [{ match: ['a', '('] }, 'match.1', /never closed/],
    [{ match: { pattern: 'a', subject: 'who' } }, 'match.subject', /no group named who/],
    [{ session: { ...session, open: 'start' } }, 'session.open', /no group named id/],
    [{ session: { ...session, key: 'session' } }, 'session.close', /no group named session/],
    [{ session: { ...session, field: ['['] } }, 'session.field.0', /never closed/],
    [{ session: { ...session, max: 2_000_000 } }, 'session.max', /1000000/],
    [{ session: { ...session, idle: '5' } }, 'session.idle', /./],
    [{ match: 'x', time: { pattern: '^(\\S+)' } }, 'time.pattern', /no group named time/],
  ]
  for (const [options, path, message] of cases) {
    const issues = logOptions.safeParse({ path: '/x', ...options }).error?.issues ?? []
    const found = issues.find((issue) => issue.path.join('.') === path)
    assert.match(found?.message ?? `no issue at "${path}": ${JSON.stringify(issues)}`, message)
  }
  assert.ok(log.options.safeParse(log.example).success)
})
