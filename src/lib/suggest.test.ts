// Suggestions: slips are found, other words are left alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suggest } from './suggest.ts'

test('a slip of the hand leads to the word that was meant', () => {
  const known = ['timezone', 'host', 'labels', 'open', 'maxAge', 'path']
  const cases: readonly [string, string | undefined][] = [
    ['timezon', 'timezone'],
    ['tmiezone', 'timezone'],
    ['max_age', 'maxAge'],
    ['max-age', 'maxAge'],
    ['pth', 'path'],
    ['hots', 'host'],
    ['Labels', 'labels'],
    ['webhook', undefined],
    ['x', undefined],
    ['', undefined],
    ['t'.repeat(5000), undefined],
  ]
  for (const [name, meant] of cases) assert.equal(suggest(name, known), meant, name.slice(0, 20))
})

test('the closest of several is taken', () => {
  assert.equal(suggest('slak', ['sleek', 'slack', 'stack']), 'slack')
})
