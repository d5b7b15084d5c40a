// Length as servers count it, cuts that halve no character, and strangers' words that stay words.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readAccount, toKey } from './account.ts'
import { harmless, pens } from './escape.ts'
import { postText } from './html-text.ts'
import { countLength, cutToFit, strictest, type Counting } from './length.ts'
import { originOf } from './origin.ts'

const mastodon: Counting = { urlLength: 23, freeDomains: true, unit: 'grapheme' }
const pleroma: Counting = { freeDomains: false, unit: 'grapheme' }

describe('the length of a post', () => {
  test('counts an address as 23 and of a mention only the user, where the server does', () => {
    const text = 'see https://hub.example.org/events/01k9zq?a=1 @ann@example.org'
    assert.equal(countLength(text, mastodon), 4 + 23 + 1 + 4)
    assert.equal(countLength(text, pleroma), text.length)
  })

  test('counts what may be no address to the server in full, and a short one as 23', () => {
    const odd = 'https://hub.lan/events/01k9zq0123456789'
    assert.equal(countLength(odd, mastodon), odd.length)
    assert.equal(countLength('http://a.it', mastodon), 23)
    assert.equal(countLength('https://example.org/a/very/long/path/it/is.', mastodon), 43)
  })

  test('counts what a reader takes for one character, or units where that is not known', () => {
    const family = '👨‍👩‍👧‍👦é'
    assert.equal(countLength(family, mastodon), 2)
    assert.equal(countLength(family, strictest), family.length)
  })

  test('counts what is no mention in full', () => {
    for (const text of ['ops@example.org', 'a/@ann@example.org', '@ann']) {
      assert.equal(countLength(text, mastodon), text.length)
    }
  })
})

test('a cut fits, halves no character, and says that it is one', () => {
  const words = fc.array(fc.constantFrom('a', ' ', '👨‍👩‍👧‍👦', 'é', '日', '🇩🇪'), { maxLength: 60 }).map((all) => all.join(''))
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 40 }), fc.constantFrom(mastodon, strictest), (text, max, counting) => {
      const count = (part: string): number => countLength(part, counting)
      const cut = cutToFit(text, max, count)
      if (count(text) <= max) return assert.equal(cut, text)
      assert.ok(count(cut) <= max && cut.endsWith('…'))
      const kept = [...new Intl.Segmenter('en').segment(text)].map(({ segment }) => segment)
      assert.ok(kept.some((_, index) => kept.slice(0, index).join('').trimEnd() === cut.slice(0, -1)))
    }),
  )
})

describe('words of strangers', () => {
  test('call nobody and tag nothing', () => {
    assert.equal(
      harmless('@ann @ann@example.org #fire (@x) -@y ＠z ＃q'),
      '@\u2060ann @\u2060ann@example.org #\u2060fire (@\u2060x) -@\u2060y ＠\u2060z ＃\u2060q',
    )
  })

  test('call nobody on Misskey either, which sees mentions behind underscores and where an address ends', () => {
    assert.equal(
      harmless('_@ann_#fire https://x.org/ü/@ann https://x.org/(/#fire https://x.org/a_b/@ann'),
      '_@\u2060ann_#\u2060fire https://x.org/ü/@\u2060ann https://x.org/(/#\u2060fire https://x.org/a_b/@ann',
    )
  })

  test('keep their mail addresses and the addresses of the web', () => {
    const text = 'ops@example.org https://social.example.org/@ann/1 C# and a # b @ c'
    assert.equal(harmless(text), text)
  })

  test('never begin a mention, wherever the sign stands', () => {
    const text = fc.array(fc.constantFrom('@', '#', 'a', ' ', '/', '-', 'https://', 'x.org', '日', '\n', '(', '_'), {
      maxLength: 20,
    })
    fc.assert(
      fc.property(text, (words) => {
        const safe = harmless(words.join(''))
        // As Mastodon finds them, outside of addresses.
        const bare = safe.replace(/https?:\/\/[\w.-]+\.[\w:-]+\/\S*/g, '')
        assert.doesNotMatch(bare, /(?<![=/\w])@[a-z0-9_]/i)
      }),
    )
  })

  test('become no Markdown', () => {
    assert.equal(
      pens.markdown.line('# a *b* _c_ [d](e) `f` <b> & ~x~ | y'),
      '\\# a \\*b\\* \\_c\\_ \\[d\\]\\(e\\) \\`f\\` &#60;b&#62; &#38; &#126;x&#126; &#124; y',
    )
    assert.equal(pens.markdown.line('- a'), '\\- a')
    assert.equal(pens.markdown.line('12. a'), '12\\. a')
    assert.equal(pens.markdown.line('    indented'), '\u00a0\u00a0\u00a0\u00a0indented')
    assert.equal(pens.markdown.text('98.2 - 3'), '98.2 - 3')
    assert.equal(pens.markdown.line('see https://x.org/a_b_c?d=*'), 'see https://x.org/a_b_c?d=\\*')
    assert.equal(pens.markdown.code('a`b'), 'a\\`b')
  })

  test('become no HTML and no note markup', () => {
    assert.equal(pens.html.code('<script>"&\''), '<code>&#60;script&#62;&#34;&#38;&#39;</code>')
    assert.equal(
      pens.mfm.line('$[x2 a] **b** <center> [c](d) `e`'),
      "$\u2060[x2 a] *\u2060*b*\u2060* <\u2060center> [c]\u2060(d) 'e'",
    )
  })
})

describe('accounts', () => {
  test('are compared without regard to case, and a local one is of its server', () => {
    const key = (text: string): string => toKey(readAccount(text) ?? assert.fail(), 'Home.Example')
    assert.equal(key('@Ann@Example.ORG'), 'ann@example.org')
    assert.equal(key('ann'), 'ann@home.example')
    assert.equal(key('ann@bücher.example'), key('Ann@xn--bcher-kva.example'))
  })

  for (const text of ['', '@', 'a b', '@ann@', 'ann@x@y', '@ann@exa mple', '<b>', 'ann@a/b', '-ann']) {
    test(`${JSON.stringify(text)} is none`, () => assert.equal(readAccount(text), undefined))
  }
})

test('the words of a post are without its markup and the mentions around them', () => {
  const mention =
    '<span class="h-card"><a href="https://s.example/@bot" class="u-url mention">@<span>bot</span></a></span>'
  assert.equal(
    postText(`<p>${mention} status &lt;nas&gt; &amp; co<br>now</p><p>${mention}</p>`),
    'status <nas> & co now',
  )
  assert.equal(postText('<p>@bot@s.example, help @bot</p>'), 'help')
  assert.equal(postText('&#x110000;&bogus;&#55296;'), '&#x110000;&bogus;&#55296;')
})

test('an address of a server is its origin', () => {
  assert.equal(originOf(' https://Social.example.org/@ann?x '), 'https://social.example.org')
  for (const text of ['social.example.org', 'ftp://x', 'https://a:b@x.org', '']) assert.equal(originOf(text), undefined)
})
