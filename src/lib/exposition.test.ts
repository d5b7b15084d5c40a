// Pages of metrics, well written and not; a real node_exporter is read by the source that scrapes it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { type ExposedSample, readExposition } from './exposition.ts'
import { createRegistry } from './metrics.ts'

const all = (): boolean => true

function only(line: string): ExposedSample {
  const { samples, odd } = readExposition(line, all)
  assert.deepEqual([samples.length, odd], [1, 0], line)
  return samples[0] ?? assert.fail()
}

describe('a sample', () => {
  for (const [line, expected] of [
    ['a 1', { name: 'a', labels: {}, value: 1 }],
    ['a:b_C9   \t1.5e+06 1395066363000', { name: 'a:b_C9', labels: {}, value: 1_500_000 }],
    ['  a{} -0.5\r', { name: 'a', labels: {}, value: -0.5 }],
    ['a{b="c",} .5', { name: 'a', labels: { b: 'c' }, value: 0.5 }],
    ['a { b = "c" , d="" } 3', { name: 'a', labels: { b: 'c', d: '' }, value: 3 }],
    [
      String.raw`a{path="C:\\DIR\\FILE.TXT",error="Cannot find \"x\"\n",odd="\d}{,"} 1`,
      {
        name: 'a',
        labels: { path: String.raw`C:\DIR\FILE.TXT`, error: 'Cannot find "x"\n', odd: String.raw`\d}{,` },
        value: 1,
      },
    ],
    ['a +Inf', { name: 'a', labels: {}, value: Infinity }],
    ['a -inf', { name: 'a', labels: {}, value: -Infinity }],
    ['a NaN', { name: 'a', labels: {}, value: Number.NaN }],
    ['a_total 5 1520879607.789 # {trace_id="x"} 0.67', { name: 'a_total', labels: {}, value: 5 }],
  ] as const)
    test(line, () => assert.deepEqual(only(line), expected))

  test('that is none is counted, and its neighbours are read', () => {
    const wrong = [
      'a',
      'a{',
      'a{b}',
      'a{b="c} 1',
      'a{b="c" d="e"} 1',
      'a{b="c"}',
      'a x',
      'a 1 2 3',
      '9a 1',
      '{} 1',
      'a 0x10',
      'é 1',
    ]
    const { samples, odd } = readExposition(['good 1', ...wrong, 'good 2'].join('\n'), all)
    assert.deepEqual(
      samples.map(({ value }) => value),
      [1, 2],
    )
    assert.equal(odd, wrong.length)
  })
})

test('comments and empty lines say nothing', () => {
  assert.deepEqual(readExposition('# HELP a b\n# TYPE a gauge\n\n  \n# EOF\n', all), { samples: [], odd: 0 })
})

test('only what is wanted is read', () => {
  const { samples } = readExposition('a 1\nb{c="d"} 2\nab 3\n', (name) => name === 'b')
  assert.deepEqual(samples, [{ name: 'b', labels: { c: 'd' }, value: 2 }])
})

test('what our own registry writes is read back', async () => {
  const value = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((text) => !text.includes('\r'))
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(value, { maxLength: 5 }), fc.double({ noNaN: true }), async (values, number) => {
      const registry = createRegistry()
      for (const one of values)
        registry.metric('gauge', 'sereno_test', 'A test.').set(number, { label: one, other: 'x' })
      const { samples, odd } = readExposition(await registry.text(), (name) => name === 'sereno_test')
      assert.equal(odd, 0)
      assert.deepEqual(new Set(samples.map(({ labels }) => labels['label'])), new Set(values))
      for (const sample of samples) assert.ok(sample.value === number || (number === 0 && sample.value === 0))
    }),
    { numRuns: 50 },
  )
})

test('garbage is read to its end, in a moment', () => {
  const pieces = fc.constantFrom(
    'a',
    '{',
    '}',
    '"',
    '\\',
    '=',
    ',',
    ' ',
    '\n',
    '1',
    '#',
    'e',
    '.',
    '-',
    '\u0000',
    'Inf',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(pieces).map((all) => all.join('')),
      ),
      (text) => {
        const { samples, odd } = readExposition(text, all)
        assert.ok(samples.length + odd <= text.split('\n').length)
        for (const { value } of samples) assert.equal(typeof value, 'number')
      },
    ),
    { numRuns: 500 },
  )
  for (const one of ['a{b="', 'a{b="\\', 'a ', '{', '"', 'a{b="c",', '1', ' ', '# '])
    readExposition(`a${one.repeat(100_000)}`, all)
})

test('a value of millions of digits is a value, and one more letter makes it none; neither takes for ever', () => {
  const digits = '1'.repeat(2_000_000)
  // What takes quadratic time would not come back within hours: the run is broken off instead.
  const read = (line: string): { readonly odd: number } =>
    runInNewContext('read(line)', { read: () => readExposition(line, all), line }, { timeout: 20_000 }) as {
      readonly odd: number
    }
  for (const [value, odd] of [
    [digits, 0],
    [`${digits}.${digits}`, 0],
    [`${digits}x`, 1],
    [`.${digits}x`, 1],
    [`1e${digits}x`, 1],
    [`${digits}.${digits}x`, 1],
  ] as const)
    assert.equal(read(`a ${value}`).odd, odd)
})
