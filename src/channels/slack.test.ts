// What a message looks like in Slack, and what comes of each answer and failure of a scripted Slack.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { ChannelTools, Part } from '../channel.ts'
import { request } from '../lib/http.ts'
import type { Message, Outcome } from '../words.ts'
import { startSlackDouble, type SlackDouble, type Step } from '../../test/support/slack-double.ts'
import { refusalOf } from '../../test/support/slack-rules.ts'
import { messages } from '../../test/support/messages.ts'
import slack from './slack.ts'

const place = { zone: 'Europe/Rome', hubUrl: 'https://hub.example/' }
const options = slack.options.parse({ url: 'https://hooks.slack.com/services/T0/B0/x' })

const activation: Message = {
  title: 'KMS activation',
  icon: 'computer',
  severity: 'info',
  fields: [
    { name: 'Client', value: '192.168.1.230', code: true, note: 'external' },
    { name: 'Workstation', value: 'WIN10Pro-DS32.example.lan', code: true },
    { name: 'Product', value: 'Windows 10 Professional', code: true },
    { name: 'Status before', value: 'Licensed' },
  ],
  lines: [],
  links: [],
  notes: [],
  ids: ['01k9zq'],
  at: Date.UTC(2026, 10, 20, 12),
}
const plain: Message = { ...activation, fields: [] }
delete (plain as { icon?: string }).icon

function textOf(change: Partial<Message>, message = plain): string {
  return slack
    .render({ ...message, ...change }, options, place)
    .map(({ text }) => text)
    .join('\n---\n')
}

describe('the text', () => {
  test('of an activation has its picture, its title and one line for each field', () => {
    const expected = [
      ':computer: KMS activation',
      '• *Client*: `192.168.1.230` (external)',
      '• *Workstation*: `WIN10Pro-DS32.example.lan`',
      '• *Product*: `Windows 10 Professional`',
      '• *Status before*: Licensed',
    ]
    assert.deepEqual(
      slack.render(activation, options, place).map(({ text }) => text),
      [expected.join('\n')],
    )
  })

  test('goes on with paragraphs, notes and links', () => {
    const text = textOf({
      lines: ['first\nsecond', 'third'],
      notes: ['4 repeats were held.'],
      links: [{ text: 'graph', url: 'https://graphs.example/?a=1&b=2' }],
    })
    const links = '<https://graphs.example/?a=1&amp;b=2|graph>'
    assert.equal(text, `KMS activation\nfirst\nsecond\nthird\n_4 repeats were held._\n${links}`)
  })

  test('does not repeat the link that stands beside the message', () => {
    assert.equal(textOf({ links: [{ text: 'why', url: 'https://hub.example/events/01k9zq' }] }), 'KMS activation')
  })

  test('begins with a marker from warnings on, unless the message has a picture of its own', () => {
    const heads = (['info', 'warning', 'error', 'critical'] as const).map((severity) => textOf({ severity }))
    assert.deepEqual(heads, [
      'KMS activation',
      ':warning: KMS activation',
      ':red_circle: KMS activation',
      ':rotating_light: KMS activation',
    ])
    assert.equal(textOf({ severity: 'critical', icon: 'floppy_disk' }), ':floppy_disk: KMS activation')
    assert.equal(textOf({ severity: 'error', icon: 'x: <!here>' }), ':red_circle: KMS activation')
  })

  test('lets no name of a machine become markup or a mention', () => {
    const value = 'a`b <!channel> <@U1> @here\u202e\u001b[31m&\n• *Client*: `10.0.0.1`'
    const text = textOf({ fields: [{ name: 'Work*station', value, code: true }] })
    const shown = "a'b &lt;!channel&gt; &lt;@U1&gt; @\u2060here\ufffd&amp; • *Client*: '10.0.0.1'"
    assert.equal(text, `KMS activation\n• *Work∗station*: \`${shown}\``)
  })

  test('shows what is empty as a question mark', () => {
    const fields = [
      { name: 'Workstation', value: ' ', code: true },
      { name: 'Product', value: '', note: ' ' },
    ]
    assert.equal(textOf({ title: '', fields }), '?\n• *Workstation*: `?`\n• *Product*: ?')
  })
})

describe('the payload', () => {
  const payloadOf = (part: Part | undefined) => part?.payload as { readonly [name: string]: unknown }

  test('has the text in blocks, the ids beside it with a link to the reason, and no previews', () => {
    const [part] = slack.render({ ...plain, ids: ['a1', 'b2'] }, options, place)
    const mrkdwn = (text: string) => ({ type: 'mrkdwn', text, verbatim: true })
    assert.deepEqual(payloadOf(part), {
      text: 'KMS activation',
      blocks: [
        { type: 'section', text: mrkdwn('KMS activation') },
        { type: 'context', elements: [mrkdwn('a1, b2 · <https://hub.example/events/a1|why>')] },
      ],
      unfurl_links: false,
      unfurl_media: false,
    })
  })

  test('has the ids alone where the hub has no address', () => {
    const [part] = slack.render({ ...plain, ids: 'abcdefgh'.split('') }, options, { zone: 'UTC' })
    assert.match(JSON.stringify(payloadOf(part)), /"a, b, c, d, e, 3 more"/)
  })

  test('says who posts and where to, if the config does', () => {
    const given = slack.options.parse({ url: options.url, channel: '#ops', username: 'kms.example', icon: 'computer' })
    const { channel, username, icon_emoji: icon } = payloadOf(slack.render(plain, given, place)[0])
    assert.deepEqual([channel, username, icon], ['#ops', 'kms.example', ':computer:'])
  })
})

describe('a message too long for one post', () => {
  const lines = Array.from({ length: 400 }, (_, index) => `line ${index} <&> ${'x'.repeat(60)}`)
  const parts = slack.render({ ...activation, lines: [lines.join('\n')] }, options, place)

  test('is split between lines, each part with the title and its number', () => {
    assert.ok(parts.length > 2)
    for (const [index, { text }] of parts.entries()) {
      assert.ok(text.startsWith(`:computer: KMS activation (${index + 1}/${parts.length})\n`), text.slice(0, 60))
      assert.ok(text.length <= slack.limits.length)
    }
    const rows = parts.flatMap(({ text }) => text.split('\n').slice(1)).slice(activation.fields.length)
    assert.deepEqual(
      rows,
      lines.map((line) => line.replace('<&>', '&lt;&amp;&gt;')),
    )
  })

  test('is taken by Slack in every part', () => {
    for (const { payload } of parts) assert.equal(refusalOf('POST', JSON.stringify(payload)), undefined)
  })

  test('is cut where it would bury the channel, and says so', () => {
    const huge = slack.render({ ...plain, lines: ['&'.repeat(1_000_000), 'end'] }, options, place)
    assert.equal(huge.length, 10)
    assert.match(huge.at(-1)?.text ?? '', /_… \d+ more lines are left out; the event has them all\._$/)
    for (const { payload } of huge) assert.equal(refusalOf('POST', JSON.stringify(payload)), undefined)
  })
})

test('Slack takes every part of every message, and finds no mention in it', () => {
  fc.assert(
    fc.property(messages, (message) => {
      for (const { text, payload } of slack.render(message, options, place)) {
        assert.equal(refusalOf('POST', JSON.stringify(payload)), undefined)
        const bare = text.replace(/<(?:https?:|mailto:)[^<>|\s]*\|[^<>|\n]*>/g, '')
        assert.doesNotMatch(bare, /[<>]|&(?!(?:amp|lt|gt);)|@(?:here|channel|everyone)/i)
      }
    }),
    { numRuns: 100 },
  )
})

test('an address that is none is refused before anything is sent', () => {
  for (const url of [
    'http://hooks.slack.com/services/T0/B0/x',
    'https://hooks.slack.com/services/T0/B0/x y',
    '',
    'hooks.slack.com/services/x',
    'ftp://hooks.slack.com/',
  ]) {
    assert.equal(slack.options.safeParse({ url }).success, false, url)
  }
})

describe('sending', () => {
  let double: SlackDouble
  before(async () => {
    double = await startSlackDouble()
  })
  after(() => double.close())

  const send = (
    step: Step,
    change: { readonly channel?: string; readonly url?: string; readonly signal?: AbortSignal } = {},
  ) => {
    double.script(step)
    const { signal, ...others } = change
    const given = slack.options.parse({ url: double.url, ...others })
    const [part] = slack.render(activation, given, place)
    assert.ok(part)
    return slack.send(part, given, toolsWith(signal))
  }

  test('posts what was rendered', async () => {
    assert.deepEqual(await send('ok'), { ok: true })
    assert.deepEqual(double.posts.at(-1)?.payload, slack.render(activation, options, place)[0]?.payload)
    assert.match(String(double.received.at(-1)?.headers['content-type']), /^application\/json/)
  })

  test('ends by what Slack answered', async () => {
    const ends: readonly [Step, string, boolean, RegExp][] = [
      ['rate-limited', 'rate-limited', true, /429 Too Many Requests: rate_limited$/],
      ['server-error', 'server-error', true, /500 .*: rollup_error$/],
      ['redirect', 'misconfigured', false, /a redirect to https:\/\/elsewhere\.example,/],
      [{ do: 'answer', status: 400, body: 'invalid_payload' }, 'rejected', false, /400 Bad Request: invalid_payload$/],
      [{ do: 'answer', status: 403, body: 'invalid_token' }, 'unauthorised', false, /invalid_token$/],
      [{ do: 'answer', status: 404, body: 'no_service' }, 'gone', false, /no_service$/],
      [{ do: 'answer', status: 413 }, 'too-large', false, /413/],
      [{ do: 'answer', status: 200, body: 'Welcome' }, 'rejected', false, /200 OK: Welcome; Slack says "ok"/],
      [{ do: 'half', status: 500 }, 'server-error', true, /500/],
    ]
    for (const [step, reason, retry, detail] of ends) {
      const outcome = await send(step)
      assert.deepEqual(endOf(outcome), [reason, retry, false])
      assert.match(wordsOf(outcome), detail)
    }
  })

  test('ends by what Slack documents for channels that cannot be posted to', async () => {
    const ends = { '#missing': 'gone', '#archived': 'gone', '#prohibited': 'unauthorised', '@nobody': 'rejected' }
    for (const [channel, reason] of Object.entries(ends)) {
      assert.deepEqual(endOf(await send('ok', { channel })), [reason, false, false], channel)
    }
    const url = double.url.replace('/B00000000/', '/B99999999/')
    assert.deepEqual(endOf(await send('ok', { url })), ['gone', false, false])
  })

  test('waits as long as Slack asks for', async () => {
    const outcome = await send({ do: 'rate-limited', retryAfter: 30 })
    assert.equal(!outcome.ok && outcome.retryAfterMs, 30_000)
    const unsaid = await send('rate-limited')
    assert.equal(!unsaid.ok && unsaid.retryAfterMs, undefined)
  })

  test('counts half an answer behind 200 as delivered', async () => {
    assert.deepEqual(await send('half'), { ok: true })
  })

  test('says that it may have arrived when the connection breaks', async () => {
    assert.deepEqual(endOf(await send('reset')), ['unreachable', true, true])
  })

  test('is called off at the deadline, and may have arrived', async () => {
    const deadline = new AbortController()
    const sending = send('hang', { signal: deadline.signal })
    await double.waitFor(double.received.length + 1)
    deadline.abort()
    assert.deepEqual(endOf(await sending), ['timeout', true, true])
  })

  test('says that nothing arrived when Slack is down, and posts when it is up again', async () => {
    await double.down()
    const given = slack.options.parse({ url: double.url })
    const [part] = slack.render(activation, given, place)
    assert.ok(part)
    const outcome = await slack.send(part, given, toolsWith())
    assert.deepEqual(endOf(outcome), ['unreachable', true, false])
    assert.doesNotMatch(wordsOf(outcome), /services|sEcReT/)
    await double.up()
    assert.deepEqual(await send('ok'), { ok: true })
  })
})

function toolsWith(signal = new AbortController().signal): ChannelTools {
  return {
    delivery: { id: 'd1', recipient: '', attempt: 1, idempotencyKey: 'd1-1', kind: 'open', thread: { id: 't' } },
    signal,
    now: () => Date.UTC(2026, 10, 20, 12),
    graph: async () => undefined,
    request,
    print: () => assert.fail('nothing to print'),
    log: { info: () => {}, warn: () => {}, error: () => {} },
  }
}

function endOf(outcome: Outcome): readonly unknown[] {
  return outcome.ok ? ['ok'] : [outcome.reason, outcome.retry, outcome.maybeDelivered]
}

function wordsOf(outcome: Outcome): string {
  return outcome.ok ? '' : outcome.detail
}
