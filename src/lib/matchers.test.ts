// Matchers: Alertmanager's syntax and meaning, mistakes with their position.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MatcherError, matchersProblem, readMatchers, writeMatcher } from './matchers.ts'

const oneOf = (characters: string) => fc.constantFrom(...Array.from(characters))
const plain = (text: string) => readMatchers(text).map(({ name, op, value }) => [name, op, value])

test('one, several and braces are read', () => {
  assert.deepEqual(plain('a="b"'), [['a', '=', 'b']])
  assert.deepEqual(plain('a!=b'), [['a', '!=', 'b']])
  assert.deepEqual(plain(' a =~ "x|y" , b !~ "z.*" '), [
    ['a', '=~', 'x|y'],
    ['b', '!~', 'z.*'],
  ])
  assert.deepEqual(plain('{a="b", c!="d",}'), [
    ['a', '=', 'b'],
    ['c', '!=', 'd'],
  ])
  assert.deepEqual(plain('{}'), [])
  assert.deepEqual(plain('data.code="5"'), [['data.code', '=', '5']])
})

test('names and values in quotes may hold anything', () => {
  assert.deepEqual(plain('"größe in m²"="{a, b}"'), [['größe in m²', '=', '{a, b}']])
  assert.deepEqual(plain('a="say \\"hi\\"\\n\\\\"'), [['a', '=', 'say "hi"\n\\']])
  assert.deepEqual(plain('a=~"\\d+\\.5"'), [['a', '=~', '\\d+\\.5']])
})

test('patterns hold for the whole value, and an absent label is the empty text', () => {
  const holds = (text: string, value: string) => readMatchers(text)[0]?.matches(value)
  assert.equal(holds('a=~"war"', 'warning'), false)
  assert.equal(holds('a=~"warning|critical"', 'critical'), true)
  assert.equal(holds('a=~"(?i)WARN.*"', 'warning'), true)
  assert.equal(holds('a!~"warn.*"', 'warning'), false)
  assert.equal(holds('a=~".+"', ''), false)
  assert.equal(holds('a=""', ''), true)
  assert.equal(holds('a!="x"', ''), true)
  assert.equal(holds('a=~""', ''), true)
  assert.equal(holds('a=~"one.*two"', 'one\ntwo'), true)
})

test('an evil pattern takes no time to speak of', () => {
  assert.equal(readMatchers('a=~"(x+x+)+y"')[0]?.matches('x'.repeat(50_000)), false)
})

test('mistakes say what, what instead, and where', () => {
  const cases: readonly [string, string][] = [
    ['', 'the matcher is empty; write one such as severity="critical"; at character 1'],
    ['a', 'one of = != =~ !~ is expected here; at character 2'],
    ['a b', 'one of = != =~ !~ is expected here, not "b"; at character 3'],
    ['a==b', '"==" is no operator; write =; at character 2'],
    ['a=', 'a value is expected here; put it in double quotes; at character 3'],
    ['a="b', 'the " is never closed; write a " behind the value; at character 3'],
    ['{a=b', 'the { is never closed; write a } at the end; at character 5'],
    ['a=b c=d', '"c=d" is unexpected here; put commas between matchers and quotes around values; at character 5'],
    ['{a=b} x', '"x" stands behind the }; remove it; at character 7'],
    ['=b', 'a label name is expected here, not "=b"; write for example severity="critical"; at character 1'],
  ]
  for (const [text, problem] of cases) assert.equal(matchersProblem(text), problem, text)
  assert.match(matchersProblem('a=~"("') ?? '', /^the pattern "\(" cannot be read: .*; at character 4$/)
  assert.match(matchersProblem('a=~"(?=x)"') ?? '', /look-around is not supported/)
})

test('any text gives matchers or a mistake', () => {
  const texts = fc.string({ unit: oneOf('ab="~!{}, \\|(*\n') })
  fc.assert(
    fc.property(fc.oneof(texts, fc.string()), (text) => {
      try {
        for (const matcher of readMatchers(text)) matcher.matches('a')
      } catch (error) {
        assert.ok(error instanceof MatcherError, String(error))
        assert.ok(error.offset >= 0 && error.offset <= text.length)
      }
    }),
    { numRuns: 3000 },
  )
})

test('what is written is read as the same', () => {
  const name = fc.oneof(fc.constantFrom('a', 'severity', 'data.x'), fc.string({ minLength: 1, unit: oneOf('a "=\\') }))
  const value = fc.string({ unit: oneOf('ab "\\\n{}') })
  fc.assert(
    fc.property(name, fc.constantFrom('=' as const, '!=' as const), value, (name, op, value) => {
      assert.deepEqual(plain(writeMatcher({ name, op, value })), [[name, op, value]])
    }),
  )
})
