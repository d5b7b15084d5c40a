// What a config may say of a mail channel, which server comes of it, and the words for what it may not say.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { z } from 'zod'
import email from './index.ts'
import { toServer } from './options.ts'

const given = { host: 'mail.example.org', from: 'sereno@example.org', to: 'ops@example.org' }
const login = { username: 'sereno', password: 'secret-word' }

function serverOf(more: object): string {
  const options = email.options.parse({ ...given, ...more })
  const { host, port, security } = toServer({ ...options, host: options.host ?? '' })
  return `${host} ${port} ${security}`
}

function mistakesOf(more: object): readonly string[] {
  const result = email.options.safeParse({ ...given, ...more })
  return (result.error?.issues ?? []).flatMap(flatten).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

/** Of a union, what each of its forms had to say. */
function flatten(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue]
  return issue.errors.flat().map((inside) => ({ ...inside, path: [...issue.path, ...inside.path] }))
}

describe('the server', () => {
  test('is spoken to as its port and the login suggest', () => {
    const expected: readonly [object, string][] = [
      [{}, '25 offered'],
      [{ port: 2525 }, '2525 offered'],
      [{ port: 465 }, '465 tls'],
      [{ port: 587 }, '587 starttls'],
      [login, '587 starttls'],
      [{ ...login, port: 25 }, '25 starttls'],
      [{ ...login, port: 465 }, '465 tls'],
      [{ security: 'tls' }, '465 tls'],
      [{ security: 'starttls' }, '587 starttls'],
      [{ security: 'none' }, '25 none'],
      [{ security: 'none', ...login }, '587 none'],
      [{ security: 'none', port: 465 }, '465 none'],
    ]
    for (const [more, server] of expected)
      assert.equal(serverOf(more), `mail.example.org ${server}`, JSON.stringify(more))
  })

  test('may be an address', () => {
    assert.equal(serverOf({ host: '192.0.2.7' }), '192.0.2.7 25 offered')
    assert.equal(serverOf({ host: '[2001:db8::7]' }), '2001:db8::7 25 offered')
    assert.equal(serverOf({ host: '2001:db8::7' }), '2001:db8::7 25 offered')
  })
})

test('each address written to is a recipient of its own, once', () => {
  const { to } = email.options.parse({ ...given, to: ['ops@example.org', ' ann@Example.ORG', 'ops@example.org'] })
  assert.deepEqual(to, ['ops@example.org', 'ann@example.org'])
  assert.deepEqual(email.recipients(email.options.parse({ ...given, to })), to)
})

describe('a mistake is told with a way out', () => {
  const mistakes: readonly [string, object, RegExp][] = [
    ['no server', { host: undefined }, /^: there is no mail server; write host, or smarthost/],
    ['a scheme before the host', { host: 'smtp://mail.example.org' }, /^host: write a name or an address alone/],
    ['a port behind the host', { host: 'mail.example.org:25' }, /^host: write a name or an address alone/],
    ['no such port', { port: 70_000 }, /^port: /],
    ['a username alone', { username: 'ann' }, /^username: there is no password for it; write password as well$/],
    ['a password alone', { password: 'x' }, /^password: nobody is named to whom it belongs; write username/],
    ['a sender that is none', { from: 'Sereno' }, /^from: "Sereno" is no mail address; write one such as sereno@/],
    ['a sender of two lines', { from: 'A\r\nBcc: e@x.org <a@b.org>' }, /^from: "A\\r\\nBcc: .*" is no mail address/],
    ['a recipient with a name', { to: 'Ann <ann@example.org>' }, /is no bare mail address; write one such as ops@/],
    ['nobody', { to: [] }, /^to: nobody is written to; write at least one address$/],
    [
      'a crowd',
      { to: Array.from({ length: 51 }, (_, index) => `a${index}@b.org`) },
      /more than 50 addresses; write the one of/,
    ],
    ['a prefix of two lines', { subjectPrefix: 'a\nb' }, /^subjectPrefix: write one line of plain text$/],
    ['a greeting of two words', { helo: 'a b' }, /^helo: write a name or an address alone/],
    [
      'a smarthost that is no Redis',
      { host: undefined, smarthost: { redis: 'http://a' } },
      /^smarthost\.redis: write the address of a Redis/,
    ],
    [
      'both kinds of server',
      { smarthost: { redis: 'redis://127.0.0.1' } },
      /^host: the smarthost says its own host; remove host or/,
    ],
  ]
  for (const [what, more, words] of mistakes) {
    test(what, () => {
      const told = mistakesOf(more)
      assert.ok(
        told.some((message) => words.test(message)),
        told.join('\n'),
      )
    })
  }
})
