// Patterns of users: what matches, what the byte test may refuse, and what people are told about mistakes.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compilePattern, createPrefilter, patternProblem, PatternError } from './pattern.ts'
import { requiredLiterals } from './pattern-literals.ts'

test('named groups of the first match are given, those that took no part are left out', () => {
  const pattern = compilePattern('id=(?<id>\\S+)(?: user=(?P<user>\\w+))?')
  assert.deepEqual(pattern.names, ['id', 'user'])
  assert.deepEqual(pattern.match('start id=7 user=ann, id=8'), { id: '7', user: 'ann' })
  assert.deepEqual(pattern.match('id=é'), { id: 'é' })
  assert.equal(pattern.match('nothing'), undefined)
})

test('a pattern that would take for ever elsewhere is answered', () => {
  assert.equal(compilePattern('^(a+)+$').match(`${'a'.repeat(40)}!`), undefined)
})

test('required texts are found where they are certain', () => {
  const cases: readonly (readonly [pattern: string, texts: readonly string[] | undefined])[] = [
    ['start id=(?<id>\\S+)', ['start id=']],
    ['(?<n>\\d+) errors?$', [' error']],
    ['error|critical', ['error', 'critical']],
    ['(?:GET|POST) /login', [' /login']],
    ['ba+c', ['ba']],
    ['(?:ab){2,}', ['ab']],
    ['x\\.y\\[z', ['x.y[z']],
    ['(?i)code 500: fail', [' 500: ']],
    ['(?<name>é+t)', ['ét']],
    ['\\bfoo\\b', ['foo']],
    ['error|', undefined],
    ['(?:error)?', undefined],
    ['(?:error){0,3}', undefined],
    ['\\Qa.b\\E', undefined],
    ['[abc]\\d\\x41.\\pL', undefined],
    ['(?i)failed', undefined],
    ['x', undefined],
  ]
  for (const [pattern, texts] of cases) assert.deepEqual(requiredLiterals(pattern), texts, pattern)
})

/** A pattern together with a text it matches. */
interface Sampled {
  readonly pattern: string
  readonly text: string
}

const leaves: readonly Sampled[] = [
  { pattern: 'ab', text: 'ab' },
  { pattern: 'err', text: 'err' },
  { pattern: 'id=', text: 'id=' },
  { pattern: ' éé', text: ' éé' },
  { pattern: 'é', text: 'é' },
  { pattern: 'k', text: 'k' },
  { pattern: '5', text: '5' },
  { pattern: '😀', text: '😀' },
  { pattern: '{', text: '{' },
  { pattern: 'x{,2}', text: 'x{,2}' },
  { pattern: '\\.', text: '.' },
  { pattern: '\\t', text: '\t' },
  { pattern: '\\d', text: '7' },
  { pattern: '\\pL', text: 'z' },
  { pattern: '\\p{Greek}', text: 'α' },
  { pattern: '\\x41', text: 'A' },
  { pattern: '\\x{1F600}', text: '😀' },
  { pattern: '\\101', text: 'A' },
  { pattern: '\\Q(?:\\E', text: '(?:' },
  { pattern: '[]a]', text: ']' },
  { pattern: '[^]a]', text: 'b' },
  { pattern: '[\\]x]', text: ']' },
  { pattern: '[[:digit:]y]', text: 'y' },
  { pattern: '.', text: '*' },
  { pattern: '^', text: '' },
  { pattern: '', text: '' },
  { pattern: '(?s)', text: '' },
  { pattern: '\\B', text: '' },
]

const { node } = fc.letrec<{ node: Sampled }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(...leaves),
    fc.array(tie('node'), { minLength: 1, maxLength: 4 }).map((parts) => ({
      pattern: parts.map((part) => part.pattern).join(''),
      text: parts.map((part) => part.text).join(''),
    })),
    fc.tuple(tie('node'), tie('node'), fc.boolean()).map(([a, b, first]) => ({
      pattern: `(?:${a.pattern}|${b.pattern})`,
      text: first ? a.text : b.text,
    })),
    fc
      .tuple(
        tie('node'),
        fc.constantFrom(
          ['*', 0],
          ['*', 2],
          ['+', 1],
          ['+?', 3],
          ['?', 0],
          ['??', 1],
          ['{0}', 0],
          ['{2}', 2],
          ['{1,}', 2],
        ),
      )
      .map(([inner, [sign, times]]) => ({
        pattern: `(?:${inner.pattern})${String(sign)}`,
        text: inner.text.repeat(Number(times)),
      })),
    fc.tuple(tie('node'), fc.constantFrom('(', '(?P<a>', '(?:', '(?U:', '(?s-m:')).map(([inner, open]) => ({
      pattern: `${open}${inner.pattern})`,
      text: inner.text,
    })),
    tie('node').map((inner) => ({ pattern: `(?i:${inner.pattern})`, text: inner.text.replaceAll('k', '\u212a') })),
  ),
}))

test('the byte test never refuses a line that the pattern matches, whatever else is in the buffer', () => {
  let matched = 0
  let filtered = 0
  const line = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('ab', 'é5', '\u212a', 'AB'))
  fc.assert(
    fc.property(
      node,
      fc.array(fc.tuple(line, fc.boolean(), line), { minLength: 1, maxLength: 6 }),
      (sampled, around) => {
        if (patternProblem(sampled.pattern) !== undefined) return
        const pattern = compilePattern(sampled.pattern)
        if (pattern.literals) filtered++
        const lines = around.map(([before, sample, after]) => (sample ? before + sampled.text + after : before + after))
        const buffer = Buffer.from(lines.join('\n'))
        const prefilter = createPrefilter(pattern)
        prefilter.begin(buffer)
        let start = 0
        for (const text of lines) {
          const end = start + Buffer.byteLength(text)
          const found = pattern.match(buffer.toString('utf8', start, end))
          if (found) {
            matched++
            assert.ok(prefilter.mayMatch(start, end), `${sampled.pattern} on ${JSON.stringify(text)}`)
          }
          start = end + 1
        }
      },
    ),
    { numRuns: 5000 },
  )
  assert.ok(
    matched > 2000 && filtered > 300,
    `the generator has become too tame: ${matched} matches, ${filtered} filters`,
  )
})

test('the byte test refuses lines without the text, also when it stands in a neighbour or beyond the end', () => {
  const prefilter = createPrefilter(compilePattern('needle'))
  const buffer = Buffer.from('hay\nneedle\nneed\nle needle')
  prefilter.begin(buffer)
  assert.deepEqual(
    [prefilter.mayMatch(0, 3), prefilter.mayMatch(4, 10), prefilter.mayMatch(11, 15), prefilter.mayMatch(16, 24)],
    [false, true, false, false],
  )
  buffer.write('needle', 0)
  prefilter.begin(buffer)
  assert.equal(prefilter.mayMatch(0, 6), true)
})

test('mistakes are named with their place and a way out', () => {
  const cases: readonly (readonly [pattern: string, message: RegExp])[] = [
    ['', /empty/],
    ['a(?=b)', /look-around is not supported, because .*"\(\?=" at position 2/],
    ['a(?!b)', /look-around/],
    ['(?<=b)a', /look-around.*"\(\?<=" at position 1/],
    ['x(?<!b)a', /look-around.*"\(\?<!" at position 2/],
    ['(a)\\1', /back-references.*"\\1" at position 4/],
    ['a(b', /never closed.*position 2$/],
    ['a)b', /no \( before.*position 2$/],
    ['ab[c', /\[ is never closed.*position 3 /],
    ['[(]a\\)(', /never closed.*position 7$/],
    ['a**', /position 2 \("\*\*"\)/],
    ['*a', /nothing to repeat.*position 1/],
    ['a{1001}', /1000.*position 2/],
    ['ab\\', /escapes nothing.*position 3/],
    ['\\u00e9', /"\\u" at position 1/],
    ['a\\Z', /escape is not known.*position 2/],
    ['(?<a>x)(?<a>y)', /two groups.*position 11 \("a"\)/],
    ['(?>a)', /"\(\?>" at position 1/],
    ['[z-a]', /range.*position 2/],
  ]
  for (const [pattern, message] of cases) assert.match(patternProblem(pattern) ?? 'no problem', message, pattern)
  for (const good of ['[(?=]', '\\(?=x', 'a|b', '[[:alpha:](]']) assert.equal(patternProblem(good), undefined, good)
  assert.throws(() => compilePattern('('), PatternError)
})

test('any text is either a pattern or has a problem; nothing else is thrown', () => {
  const parts = fc.constantFrom(
    '(',
    ')',
    '[',
    ']',
    '\\',
    '?',
    '*',
    '{',
    '}',
    '1',
    ',',
    '|',
    '<',
    'a',
    'P',
    ':',
    '=',
    '^',
    'Q',
    'x',
    '\ud800',
  )
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 12 }), (list) => {
      const text = list.join('')
      const problem = patternProblem(text)
      if (problem === undefined) compilePattern(text).match('a(1')
      else assert.ok(problem.length > 10)
    }),
    { numRuns: 3000 },
  )
})
