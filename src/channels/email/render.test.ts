// What a mail says in its subject, its plain text and its HTML, and that no message can say more than words there.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { messages } from '../../../test/support/messages.ts'
import { readHtml } from '../../../test/support/mail-html.ts'
import { place } from '../../../test/support/mail-sending.ts'
import type { ChannelPlace } from '../../channel.ts'
import { severities, type Message, type Severity } from '../../words.ts'
import email from './index.ts'
import type { Payload } from './mime.ts'

const given = { host: 'mail.example.org', from: 'sereno@example.org', to: ['ops@example.org'] }
const options = email.options.parse(given)

const activation: Message = {
  title: 'KMS activation',
  icon: 'computer',
  severity: 'info',
  fields: [
    { name: 'Client', value: '192.168.1.230', code: true, note: 'external' },
    { name: 'Workstation', value: 'WIN10Pro-DS32.example.lan', code: true },
    { name: 'Status before', value: 'Licensed' },
  ],
  lines: [],
  links: [],
  notes: [],
  ids: ['01k9zq8va'],
  at: Date.UTC(2026, 10, 20, 12),
}
const table = 'FAILED  mail1       01:00:00-02:00:11\nOK      nextcloud1  02:00:12-02:07:35'
const backup: Message = {
  ...activation,
  title: 'Backup "BB daily" (1): 1 of 3 applications failed',
  severity: 'warning',
  fields: [{ name: 'Destination', value: 'BackBlaze repo1', note: 'b2:ns8-backups' }],
  lines: [table, 'Load(<config/>, 0, 0) failed & "gave up"'],
  links: [{ text: 'Graph', url: 'https://graphs.example/?a=1&b=2' }],
  notes: ['4 repeats were held.'],
  ids: ['01k9zq8va', '01k9zq8vb'],
}

function payloadOf(message: Message, where: ChannelPlace = place, more: object = {}): Payload {
  const [part] = email.render(message, { ...options, ...more }, where)
  assert.ok(part)
  const payload = part.payload as Payload
  assert.equal(payload.text, part.text)
  return payload
}

describe('the subject', () => {
  test('is the severity and the title, behind a prefix where there is one', () => {
    assert.equal(payloadOf(activation).subject, '[INFO] KMS activation')
    assert.equal(payloadOf(backup).subject, '[WARNING] Backup "BB daily" (1): 1 of 3 applications failed')
    assert.equal(payloadOf(activation, place, { subjectPrefix: '[NS8]' }).subject, '[NS8][INFO] KMS activation')
    assert.equal(payloadOf(activation, place, { subjectPrefix: 'Sereno:' }).subject, 'Sereno: [INFO] KMS activation')
  })

  test('is one line, however the title is broken, and cut where mail programs cut it', () => {
    const title = 'one\r\nBcc: eve@example.org\u2028two\u0000\u202e\u200bthree'
    assert.equal(payloadOf({ ...activation, title }).subject, '[INFO] one Bcc: eve@example.org two\ufffd\ufffdthree')
    const { subject, text } = payloadOf({ ...activation, title: 'ab '.repeat(100) })
    assert.equal(subject.length, '[INFO] '.length + 200)
    assert.ok(subject.endsWith('…'))
    assert.ok(text.startsWith(`[INFO] ${'ab '.repeat(99)}ab\n`))
  })
})

describe('the text', () => {
  test('of an activation has one line for each field', () => {
    assert.deepEqual(payloadOf(activation).text.split('\n'), [
      '[INFO] KMS activation',
      '',
      'Client: 192.168.1.230 (external)',
      'Workstation: WIN10Pro-DS32.example.lan',
      'Status before: Licensed',
      '',
      'Event 01k9zq8va, 2026-11-20 13:00:00 Europe/Rome',
      'Why this was told: https://hub.example/events/01k9zq8va',
    ])
  })

  test('keeps columns, then has notes, links and the ids', () => {
    assert.deepEqual(payloadOf(backup, { zone: 'UTC' }).text.split('\n'), [
      '[WARNING] Backup "BB daily" (1): 1 of 3 applications failed',
      '',
      'Destination: BackBlaze repo1 (b2:ns8-backups)',
      '',
      ...table.split('\n'),
      '',
      'Load(<config/>, 0, 0) failed & "gave up"',
      '',
      '4 repeats were held.',
      '',
      'Graph: https://graphs.example/?a=1&b=2',
      '',
      'Events 01k9zq8va, 01k9zq8vb, 2026-11-20 12:00:00 UTC',
    ])
  })

  test('names a few of many events and counts the others', () => {
    const ids = Array.from({ length: 40 }, (_, index) => `id${index}`)
    assert.match(payloadOf({ ...activation, ids }).text, /\nEvents id0, id1, id2, id3, id4 and 35 more, 2026/)
  })

  test('does not repeat the link to the reason', () => {
    const links = [{ text: 'why', url: 'https://hub.example/events/01k9zq8va' }]
    assert.deepEqual(payloadOf({ ...activation, links }), payloadOf(activation))
  })

  test('halves no character where it is cut, however little room is left', () => {
    for (let length = 49_900; length <= 50_010; length += 1) {
      const { text, html } = payloadOf({ ...activation, fields: [], lines: ['x'.repeat(length), '𐀀𐀀'] })
      assert.ok(text.isWellFormed() && html.isWellFormed(), `after ${length}`)
    }
  })

  test('of a message that is too long ends with how much is left out', () => {
    const lines = Array.from({ length: 2000 }, (_, index) => `line ${index} ${'x'.repeat(60)}`)
    const { text, html } = payloadOf({ ...activation, lines: [lines.join('\n')] })
    const kept = lines.filter((line) => text.includes(`${line}\n`)).length
    assert.ok(kept > 500 && kept < 1000, `${kept} lines`)
    assert.ok(text.includes(`… ${2000 - kept} more lines are left out; the event has all.`))
    assert.ok(html.includes(`… ${2000 - kept} more lines are left out; the event has all.`))
  })

  test('shows what is empty as a question mark', () => {
    const { subject, text } = payloadOf({ ...activation, title: ' ', fields: [{ name: '', value: '\u200b' }] })
    assert.equal(subject, '[INFO] ?')
    assert.ok(text.startsWith('[INFO] ?\n\n?: ?\n\n'))
  })
})

describe('the HTML', () => {
  test('says what the text says', () => {
    const { words } = readHtml(payloadOf(backup).html)
    assert.deepEqual(words, [
      'Backup "BB daily" (1): 1 of 3 applications failed',
      'WARNING',
      'Backup "BB daily" (1): 1 of 3 applications failed',
      'Destination',
      'BackBlaze repo1 (b2:ns8-backups)',
      table,
      'Load(<config/>, 0, 0) failed & "gave up"',
      '4 repeats were held.',
      'Graph',
      'Events 01k9zq8va, 01k9zq8vb, 2026-11-20 13:00:00 Europe/Rome · why this was told',
    ])
  })

  test('keeps columns of several lines, and has words of machines in a fixed font', () => {
    const { tags } = readHtml(payloadOf({ ...activation, lines: [table, 'one line'] }).html)
    const count = (name: string): number => tags.filter((tag) => tag.name === name).length
    assert.deepEqual([count('pre'), count('code'), count('th'), count('h1')], [1, 2, 3, 1])
  })

  test('has a colour for each severity', () => {
    const colourOf = (severity: Severity): string =>
      /border-left: 4px solid (#\w+)/.exec(payloadOf({ ...activation, severity }).html)?.[1] ?? ''
    const found = severities.map(colourOf)
    assert.equal(new Set(found).size, 4)
    for (const colour of found) assert.ok(contrast(colour, '#ffffff') >= 4.5, colour)
  })

  test('links to the web and to mailboxes, and to nothing else', () => {
    const urls = [
      'https://a.example/"><script>',
      'mailto:ann@example.org" onclick="x',
      'javascript:alert(1)',
      'data:text/html,x',
      '//b',
      'C:\\x',
    ]
    const { html } = payloadOf({ ...activation, links: urls.map((url) => ({ text: 'see', url })) }, { zone: 'UTC' })
    const { links, words } = readHtml(html)
    assert.deepEqual(links, ['https://a.example/%22%3E%3Cscript%3E', 'mailto:ann@example.org" onclick="x'])
    for (const url of urls.slice(2)) assert.ok(words.includes(`see: ${url}`), url)
  })

  test('consists of the tags it should, whatever a message says, and fetches nothing', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const { html, text } = payloadOf(message)
        const { links, words } = readHtml(html)
        for (const link of links) assert.match(link, /^(?:https?|mailto):/)
        assert.doesNotMatch(html, /(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
        assert.ok(words.includes(/^\[[A-Z]+\] (.*)/.exec(text)?.[1] ?? ''))
      }),
      { numRuns: 80 },
    )
  })

  test('holds no more than a mail program bears', () => {
    fc.assert(
      fc.property(messages, (message) => assert.ok(payloadOf(message).html.length < 700_000)),
      { numRuns: 50 },
    )
  })
})

/** As WCAG 2 counts it. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [one, other].map(luminance).sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
