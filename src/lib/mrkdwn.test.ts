// Slack's markup: nothing foreign becomes markup, a link or a mention, and nothing is broken by cutting.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toLine, toLines, toLink } from './mrkdwn.ts'

const pieces = [
  '<!channel>',
  '<@U123>',
  '<#C1|x>',
  '@here',
  '@Channel ',
  '`',
  '&',
  '<',
  '>',
  '&amp;',
  '\n',
  ' ',
  '\u202e',
  '😀',
]
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 200 })
  .map((words) => words.join(''))

/** No markup of links, no code, no unfinished entity, no word that calls everybody. */
const unsafe = /[<>`]|&(?!(?:amp|lt|gt);)|@(?:here|channel|everyone|group)/i

test('what Slack reads as markup is written as entities, and a backtick as an apostrophe', () => {
  assert.equal(toLine('a & <b> `c`', 100), "a &amp; &lt;b&gt; 'c'")
  assert.equal(toLine('<!channel> <@U1> @here', 100), '&lt;!channel&gt; &lt;@U1&gt; @\u2060here')
})

test('what is empty is shown as a question mark', () => {
  for (const text of ['', ' ', '\n', '\u200b', '\t \r\n']) assert.equal(toLine(text, 10), '?')
})

test('one line stays one line, within its length and harmless', () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 1, max: 60 }), (text, max) => {
      const line = toLine(text, max)
      assert.ok(line.length >= 1 && line.length <= max)
      assert.doesNotMatch(line, unsafe)
      assert.doesNotMatch(line, /\n/)
    }),
  )
})

test('lines keep their words, within their length and harmless', () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 10, max: 60 }), (text, max) => {
      const lines = toLines(text, max)
      for (const line of lines) {
        assert.ok(line.length <= max)
        assert.doesNotMatch(line, unsafe)
      }
      const whole = toLines(text, 1_000_000)
      assert.equal(lines.join('').replace(/\s/g, ''), whole.join('').replace(/\s/g, ''))
    }),
  )
})

test('paragraphs are parted by at most one empty line', () => {
  assert.deepEqual(toLines('\n a\r\n\r\n \n\nb\nc\n\n', 100), ['a', '', 'b', 'c'])
})

test('a link is one, unless its address is not for the web or mail', () => {
  assert.equal(
    toLink('see | it', 'https://a.example/x?a=1&b=<2>|3', 2000),
    '<https://a.example/x?a=1&amp;b=%3C2%3E%7C3|see / it>',
  )
  assert.equal(toLink('mail', 'mailto:a@b.example', 2000), '<mailto:a@b.example|mail>')
  assert.equal(toLink('bad', 'javascript:alert(1)', 2000), 'bad: javascript:alert(1)')
  assert.equal(toLink('none', '<!here>', 2000), 'none: &lt;!here&gt;')
})

test('a link is never more than one link', () => {
  fc.assert(
    fc.property(hostile, hostile, (text, path) => {
      const link = toLink(text, `https://a.example/${path}`, 2000)
      assert.ok(link.length <= 2000)
      assert.doesNotMatch(
        link.replace(/^<([^<>|]*)\|([^<>|]*)>$/, '$1$2').replace(/@(?=here|channel|everyone|group)/gi, ''),
        unsafe,
      )
    }),
  )
})
