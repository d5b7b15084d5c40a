// What a message looks like as a post, and that it fits whatever the server's limits and whoever wrote the words.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { countLength, strictest } from '../../lib/fediverse/length.ts'
import { countings } from '../../lib/fediverse/server.ts'
import type { Message } from '../../words.ts'
import { messages } from '../../../test/support/messages.ts'
import { disk, place } from '../../../test/support/fediverse-sending.ts'
import { mastodonLength } from '../../../test/support/fediverse-length.ts'
import { toDraft } from './draft.ts'
import { fit, overMark, type Post, type Space } from './fit.ts'
import fediverse from './index.ts'

const account = '@ann@example.org'
const mastodon: Space = { maxLength: 500, counting: countings.mastodon, markup: 'plain' }
const akkoma: Space = { maxLength: 5000, counting: countings.akkoma, markup: 'markdown' }

const report: Message = {
  title: 'tatooine: CPU at 98.2 %',
  severity: 'warning',
  fields: [
    { name: 'Host', value: 'tatooine', code: true },
    { name: 'For', value: '10 min', note: 'limit 80 %' },
  ],
  lines: ['- **CPU %**: 98.2 ❗️\n- **CPU count**: 4\n- **Memory Total**: 7.63 GB'],
  links: [{ text: 'why', url: 'https://hub.example.org/events/01k9zq' }],
  notes: ['4 repeats were held.'],
  ids: ['01k9zq'],
  at: 0,
}

function post(message: Message, space = mastodon, options: Parameters<typeof fit>[1] = { spoiler: 'summary' }): Post {
  return fit(toDraft(message, place), options, space)
}

describe('before the server is asked', () => {
  const url = 'https://social.example.org'
  const shown = (given: object): string =>
    fediverse.render(report, fediverse.options.parse({ url, token: 't', ...given }), place)[0]?.text ?? ''

  test('a post is shown as it will be, where the options say what runs there and how posts are written', () => {
    const markdown = shown({ software: 'akkoma', contentType: 'text/markdown' })
    assert.match(markdown, /^\*\*⚠️ tatooine: CPU at 98\.2 %\*\*/)
    assert.match(shown({ software: 'pleroma', contentType: 'text/html' }), /<strong>⚠️ tatooine/)
    assert.match(shown({ software: 'firefish' }), /\*\*⚠️ tatooine/)
  })

  test('and else in plain words', () => {
    for (const given of [{}, { software: 'akkoma' }, { software: 'mastodon', contentType: 'text/markdown' }])
      assert.match(shown(given), /^⚠️ tatooine: CPU at 98\.2 %\n\n- Host: tatooine\n/)
  })
})

describe('a post', () => {
  test('on Mastodon is plain words', () => {
    const expected = [
      '⚠️ tatooine: CPU at 98.2 %',
      '',
      '- Host: tatooine',
      '- For: 10 min (limit 80 %)',
      '',
      '- CPU %: 98.2 ❗️',
      '- CPU count: 4',
      '- Memory Total: 7.63 GB',
      '',
      '4 repeats were held.',
      '',
      'why: https://hub.example.org/events/01k9zq',
      '',
      account,
    ]
    assert.deepEqual(post(report, mastodon, { spoiler: 'summary', mention: account }), {
      status: expected.join('\n'),
      mention: account,
    })
  })

  test('on Akkoma is Markdown, with the words of others escaped', () => {
    const { status } = post({ ...report, notes: [], lines: ['- *all* <b> @here'] }, akkoma)
    const expected = [
      '**⚠️ tatooine: CPU at 98.2 %**',
      '',
      '- **Host**: `tatooine`',
      '- **For**: 10 min (limit 80 %)',
      '',
      '\\- \\*all\\* &#60;b&#62; @\u2060here',
      '',
      'why: https://hub.example.org/events/01k9zq',
    ]
    assert.equal(status, expected.join('\n'))
  })

  test('as HTML has its line ends as such', () => {
    const { status } = post({ ...disk, links: [] }, { ...akkoma, markup: 'html', counting: countings.pleroma })
    const link = 'https://hub.example.org/events/01k9zq'
    assert.equal(
      status,
      `<strong>🔥 nas: /data is full at 91 %</strong><br><br>- <strong>Free</strong>: 4.2 GB<br><br>why: <a href="${link}">${link}</a>`,
    )
  })

  test('has the icon of its message, else of its severity, and never two', () => {
    const title = (change: Partial<Message>): string => post({ ...disk, ...change }).status.split('\n')[0] ?? ''
    assert.equal(title({ icon: 'white_check_mark', title: 'a' }), '✅ a')
    assert.equal(title({ icon: 'nobody_knows', title: 'a' }), '🔥 a')
    assert.equal(title({ icon: 'constructor', title: 'a' }), '🔥 a')
    assert.equal(title({ title: '🔥 a' }), '🔥 a')
    assert.equal(title({ severity: 'info', title: 'a' }), 'a')
    assert.equal(title({ severity: 'critical', title: '' }), '🚨 ?')
  })
})

describe('a spoiler', () => {
  const folded: Message = { ...disk, folded: true, title: 'endor: Auto Git Pull', fields: [], lines: ['done'] }

  test('has the title, and the body then does not', () => {
    const { spoiler, status } = post(folded)
    assert.deepEqual([spoiler, status.split('\n')[0]], ['🔥 endor: Auto Git Pull', 'done'])
  })

  test('is there always or never where that is wanted, and not without a body', () => {
    assert.equal(post(folded, mastodon, { spoiler: 'never' }).spoiler, undefined)
    assert.equal(post(disk, mastodon, { spoiler: 'always' }).spoiler, '🔥 nas: /data is full at 91 %')
    assert.equal(post(disk).spoiler, undefined)
    assert.equal(post({ ...folded, lines: [] }).spoiler, undefined)
  })

  test('is as short as the server wants it, where it counts by itself', () => {
    const space: Space = { maxLength: 3000, maxSpoiler: 100, counting: countings.firefish, markup: 'mfm' }
    const { spoiler = '' } = post({ ...folded, title: 'x'.repeat(240) }, space)
    assert.ok(spoiler.length <= 100 && spoiler.endsWith('x…'), spoiler)
  })
})

describe('a post that is too long', () => {
  const long: Message = {
    ...report,
    lines: [Array.from({ length: 60 }, (_, n) => `metric ${n}: ${n}${n === 50 ? ' ❗️' : ''}`).join('\n')],
  }

  test('loses whole lines of its body, those that failed last', () => {
    const { status } = post(long, mastodon, { spoiler: 'summary', mention: account })
    const lines = status.split('\n')
    assert.ok(lines.includes('metric 50: 50 ❗️'))
    assert.ok(lines.includes('4 repeats were held.'))
    assert.ok(lines.includes('metric 0: 0') && !lines.includes('metric 59: 59'))
    assert.match(status, /\n… \d+ more lines\n\nwhy: https:\/\/hub\.example\.org\/events\/01k9zq\n\n@ann@example\.org$/)
    const left = Number(/… (\d+) more/.exec(status)?.[1])
    assert.equal(lines.filter((line) => line.startsWith('metric')).length + left, 60)
    for (const line of lines.filter((one) => one.startsWith('metric'))) assert.match(line, /^metric (\d+): \1/)
  })

  test('cuts a single long line rather than losing it', () => {
    const { status } = post({ ...disk, fields: [], lines: ['x'.repeat(3000)] })
    assert.match(status, /\n\nx{300,}…\n\nwhy: /)
  })

  test('has room for the markup of its title, however long the link beside it is', () => {
    const space: Space = { maxLength: 500, counting: strictest, markup: 'html' }
    for (let length = 100; length < 300; length++) {
      const given = { ...disk, title: 'x', fields: [], lines: [], ids: ['x'.repeat(length)] }
      const { status } = post(given, space, { spoiler: 'never' })
      assert.ok(status.length + overMark.length <= 500, `${length}: ${status.length}`)
    }
  })

  test('fits every server, with title, link and mention, whatever it says', () => {
    const space = fc.record<Space>({
      maxLength: fc.constantFrom(200, 300, 500, 5000),
      counting: fc.constantFrom(...Object.values(countings), strictest),
      markup: fc.constantFrom('plain', 'markdown', 'html', 'mfm'),
    })
    const options = fc.record(
      { spoiler: fc.constantFrom('summary', 'always', 'never'), mention: fc.constant(account) },
      { requiredKeys: ['spoiler'] },
    )
    const more = fc.record({ folded: fc.constant(true as const) }, { requiredKeys: [] })
    fc.assert(
      fc.property(messages, more, space, options, (message, extra, limits, chosen) => {
        const draft = toDraft({ ...message, ...extra }, place)
        const { status, spoiler = '' } = fit(draft, chosen, limits)
        assert.ok(status.trim() !== '')
        const reserved = countLength(overMark, limits.counting)
        const length = countLength(status, limits.counting) + countLength(spoiler, limits.counting)
        assert.ok(length + reserved <= limits.maxLength, `${length} of ${limits.maxLength}`)
        if (chosen.mention !== undefined) assert.ok(status.endsWith(account))
        // What only we write: nobody else is called.
        assert.equal(
          status.replaceAll(/(?<![\w/])@(?=[\w])/g, '\0').split('\0').length - 1,
          chosen.mention === undefined ? 0 : 1,
        )
        if (limits.counting === countings.mastodon && limits.markup === 'plain') {
          assert.ok(mastodonLength(spoiler, status) + reserved <= limits.maxLength)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('an answer', () => {
  const answers = { handle: '7', account: 'ann@example.org', visibility: 'direct' }

  test('begins with who asked, and calls nobody else', () => {
    const { status, mention, spoiler } = post({ ...disk, answers }, mastodon, {
      spoiler: 'always',
      mention: '@bob@example.org',
    })
    assert.equal(status.split('\n')[0], '@ann@example.org 🔥 nas: /data is full at 91 %')
    assert.deepEqual([mention, spoiler, status.includes('bob')], ['@ann@example.org', undefined, false])
  })

  test('to what is no account is none', () => {
    assert.equal(toDraft({ ...disk, answers: { ...answers, account: 'ann <b>' } }, place).answers, undefined)
  })
})

describe('the options', () => {
  const parse = (given: object) => fediverse.options.safeParse({ url: 'https://s.example', token: 't', ...given })
  const told = (given: object): string =>
    parse(given)
      .error?.issues.map(({ message }) => message)
      .join('; ') ?? 'taken'

  test('want a token or its file, and not both', () => {
    assert.match(told({ token: undefined }), /there is no token; write token, or write tokenFile/)
    assert.match(told({ tokenFile: '/x' }), /either token or tokenFile/)
    assert.equal(told({ token: undefined, tokenFile: '/x' }), 'taken')
  })

  test('want a mention for direct posts, and an account as one', () => {
    assert.match(told({ visibility: 'direct' }), /seen by nobody; write mention/)
    assert.match(told({ mention: 'ann' }), /no account; write one such as @ann@example\.org/)
    assert.equal(told({ visibility: 'direct', mention: '@ann@example.org' }), 'taken')
  })

  test('want the address of a server, and room for a post', () => {
    assert.match(told({ url: 's.example' }), /no address of a server/)
    assert.match(told({ maxLength: 100 }), /nothing fits into less than 200/)
  })

  test('are unlisted unless told otherwise', () => {
    assert.equal(parse({}).data?.visibility, 'unlisted')
  })
})
