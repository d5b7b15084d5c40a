// Foreign text: what is dropped, what is replaced, and where it may be cut.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { breakAt, cleanLine, cleanText, cutBytes, cutText } from './text.ts'

const family = '👨‍👩‍👧‍👦'
const wild = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\u001b[', '\u001b]0;', '\u0007', '\r\n', '\u202e', family, 'e\u0301', '\ud83d', ' ', '\n'),
    fc.string({ unit: 'binary', maxLength: 2 }),
  ),
})

describe('clean text', () => {
  test('has no colours, window titles and other sequences of terminals', () => {
    assert.equal(cleanText('\u001b[1;31mred\u001b[0m \u001b]0;title\u0007plain\u009b2J'), 'red plain')
    assert.equal(cleanText('a\u001bPq#1\u001b\\b\u001bcc'), 'abc')
  })

  test('shows where a control character or a turn of the direction was', () => {
    assert.equal(cleanText('a\u0000b\u0008c\u202etxt.exe\u2066'), 'a\ufffdb\ufffdc\ufffdtxt.exe\ufffd')
  })

  test('keeps line ends as line feeds, and scripts and emoji as they are', () => {
    assert.equal(cleanText('a\r\nb\rc\u2028d\te'), 'a\nb\nc\nd e')
    for (const text of ['Größe', '日本語', family, 'می‌خواهم', '🏴󠁧󠁢󠁥󠁮󠁧󠁿']) assert.equal(cleanText(text), text)
  })

  test('on one line has single blanks', () => {
    assert.equal(cleanLine('  a \n\n b\u00a0\tc\u200b '), 'a b c')
    assert.equal(cleanLine(' \u200b\n'), '')
  })

  test('is clean whatever it was made from, and stays as it is', () => {
    fc.assert(
      fc.property(wild, (text) => {
        const clean = cleanText(text)
        assert.doesNotMatch(clean, /(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029]/u)
        assert.ok(clean.isWellFormed())
        assert.equal(cleanText(clean), clean)
        assert.doesNotMatch(cleanLine(text), /\n/)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a cut', () => {
  test('leaves short text alone and ends long text with an ellipsis', () => {
    assert.equal(cutText('abc', 3), 'abc')
    assert.equal(cutText('abcd', 3), 'ab…')
    assert.equal(cutText('abcd', 1), '…')
    assert.equal(cutText('abcd', 0), '')
  })

  test('never goes through what a reader takes for one character', () => {
    assert.equal(cutText(`ab${family}cd`, 8), 'ab…')
    assert.equal(cutText('ae\u0301x', 3), 'a…')
    assert.equal(cutText('🇮🇹🇩🇪', 7), '🇮🇹…')
  })

  test('keeps to its limit and makes no half characters, even of endless ones', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          wild,
          fc.nat(2000).map((n) => `a${'\u0301'.repeat(n)}`),
        ),
        fc.nat(300),
        (text, max) => {
          const cut = cutText(text, max)
          assert.ok(cut.length <= max)
          if (text.isWellFormed()) assert.ok(cut.isWellFormed())
          assert.ok(text.startsWith(cut.replace(/…$/, '')))
        },
      ),
    )
  })
})

test('a cut by bytes keeps whole characters', () => {
  assert.equal(cutBytes('short', 100), 'short')
  assert.equal(cutBytes('größe', 4), 'gr\u00f6')
  assert.equal(cutBytes('größe', 3), 'gr')
  assert.equal(cutBytes('€€', 6), '€€')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(60), (text, most) => {
      const cut = cutBytes(text, most)
      assert.ok(Buffer.byteLength(cut) <= most && text.startsWith(cut))
    }),
  )
})

describe('a break', () => {
  test('is best at a line end, then at a blank, then between characters', () => {
    assert.equal(breakAt('aaaaaa\nbbb cc', 10), 7)
    assert.equal(breakAt('a\naaaaaa bbbb', 10), 9)
    assert.equal(breakAt('abcdefghijklm', 10), 10)
    assert.equal(breakAt('abc', 10), 3)
  })

  test('goes forward, keeps to its limit and halves no pair', () => {
    fc.assert(
      fc.property(fc.oneof(wild, fc.constant(family.repeat(40))), fc.integer({ min: 2, max: 60 }), (text, max) => {
        fc.pre(text !== '' && text.isWellFormed())
        const at = breakAt(text, max)
        assert.ok(at >= 1 && at <= max)
        assert.ok(text.slice(0, at).isWellFormed())
      }),
    )
  })
})
