// Mail addresses as people write them, and what is none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { domainOf, readMailbox } from './mail-address.ts'

test('an address stands alone or behind a name', () => {
  const expected: readonly [string, object][] = [
    ['ann@example.org', { address: 'ann@example.org' }],
    [' <ann@example.org> ', { address: 'ann@example.org' }],
    ['Ann Lee <ann.lee+x@mail.example.org>', { name: 'Ann Lee', address: 'ann.lee+x@mail.example.org' }],
    ['"Lee, \\"A\\"" <ann@example.org>', { name: 'Lee, "A"', address: 'ann@example.org' }],
    ['Büro <büro@example.org>', {}],
    ['Büro <post@Bücher.example>', { name: 'Büro', address: 'post@xn--bcher-kva.example' }],
    ['root@localhost', { address: 'root@localhost' }],
    ['root@[192.0.2.1]', { address: 'root@[192.0.2.1]' }],
    ['root@[IPv6:2001:db8::1]', { address: 'root@[IPv6:2001:db8::1]' }],
  ]
  for (const [text, mailbox] of expected) assert.deepEqual(readMailbox(text) ?? {}, mailbox, text)
})

test('what nobody can be written to by is none', () => {
  const none = [
    '',
    'ann',
    '@example.org',
    'ann@',
    'ann@@example.org',
    'ann lee@example.org',
    'ann@exa mple.org',
    'ann@example.org, bob@example.org',
    'ann@example.org;bob@example.org',
    '<ann@example.org',
    'ann@example.org>',
    'a..b@example.org',
    '.a@example.org',
    '"a b"@example.org',
    'ann@192.0.2.1',
    'ann@[300.0.2.1]',
    'ann@-example.org',
    'ann@example..org',
    `${'a'.repeat(65)}@example.org`,
    `a@${'b'.repeat(60)}.${'c'.repeat(250)}`,
    'A\r\nBcc: e@x.org <ann@example.org>',
    'A\u2028B <ann@example.org>',
    'A\u202eB <ann@example.org>',
    'ann@exam\u0000ple.org',
  ]
  for (const text of none) assert.equal(readMailbox(text), undefined, text)
})

test('what is read is one line of ASCII with one @, whatever was written', () => {
  const piece = fc.constantFrom(
    'a',
    '@',
    '.',
    '<',
    '>',
    '"',
    '\\',
    '\r\n',
    ' ',
    'ü',
    '[',
    ']',
    ',',
    '\u0000',
    'example.org',
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      (text) => {
        const read = readMailbox(text)
        if (read === undefined) return
        assert.match(read.address, /^[!-;=?A-Z^-~]+@[\w.:[\]-]+$/)
        assert.doesNotMatch(read.name ?? '', /[\r\n\0]/)
        assert.deepEqual(readMailbox(read.address), { address: read.address })
        assert.ok(read.address.endsWith(`@${domainOf(read.address)}`))
      },
    ),
    { numRuns: 2000 },
  )
})
