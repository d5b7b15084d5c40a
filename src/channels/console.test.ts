// What people see in the terminal and the journal.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../words.ts'
import console from './console.ts'

const message: Message = {
  title: 'KMS activation',
  icon: 'computer',
  severity: 'info',
  fields: [
    { name: 'Client', value: '192.168.1.230', code: true, note: 'external' },
    { name: 'Status before', value: 'Licensed' },
    { name: 'Name', value: ' ' },
  ],
  lines: ['one\ntwo'],
  links: [{ text: 'why', url: 'https://hub.example/events/01k9zq' }],
  notes: ['4 repeats were held.'],
  ids: ['01k9zq'],
  at: Date.UTC(2026, 6, 20, 12, 5, 9),
}
const place = { zone: 'Europe/Rome' }

function textOf(change: Partial<Message> = {}): string {
  return console.render({ ...message, ...change }, {}, place)[0]?.text ?? ''
}

test('a message is a head with the local time, then its fields in columns', () => {
  assert.equal(
    textOf(),
    [
      '2026-07-20 14:05:09  INFO  KMS activation  [01k9zq]',
      '  Client         192.168.1.230 (external)',
      '  Status before  Licensed',
      '  Name           ?',
      '  one',
      '  two',
      '  (4 repeats were held.)',
      '  why: https://hub.example/events/01k9zq',
    ].join('\n'),
  )
})

test('the head says how much it matters and how many events it is about', () => {
  const head = textOf({ severity: 'critical', ids: ['a', 'b', 'c'] }).split('\n')[0]
  assert.equal(head, '2026-07-20 14:05:09  CRITICAL  KMS activation  [a and 2 more]')
  assert.match(textOf({ ids: [] }), /KMS activation\n/)
})

test('one long name does not push all values away', () => {
  const fields = [
    { name: 'a name of more than twenty-four characters', value: 'x' },
    { name: 'Short', value: 'y' },
  ]
  assert.match(textOf({ fields }), /characters {2}x\n {2}Short {2}y\n/)
})

test('no foreign text moves the cursor, colours the terminal or makes a line of its own', () => {
  const hostile = '\u001b[2J\u001b]0;owned\u0007red\u001b[31m\r2026-07-20 forged\u0008\u202e'
  const text = textOf({
    title: hostile,
    fields: [{ name: hostile, value: hostile, note: hostile }],
    lines: [],
    notes: [],
    links: [],
  })
  assert.equal(text.split('\n').length, 2)
  assert.doesNotMatch(text, /(?!\n)[\p{Cc}\u202e]|owned/u)
})

test('each line is printed', async () => {
  const printed: string[] = []
  const [part] = console.render(message, {}, place)
  assert.ok(part)
  const tools = { print: (line: string) => void printed.push(line) }
  const outcome = await console.send(part, {}, tools as Parameters<typeof console.send>[2])
  assert.deepEqual(outcome, { ok: true })
  assert.deepEqual(printed, part.text.split('\n'))
})

test('a level stands in front of each line, as the journal takes it', async () => {
  const printed = async (level: 'severity' | 'debug' | undefined) => {
    const lines: string[] = []
    const given = console.options.parse(level === undefined ? {} : { level })
    const [part] = console.render({ ...message, severity: 'error', lines: ['one\n<0>two'] }, given, place)
    assert.ok(part)
    await console.send(part, given, { print: (line: string) => lines.push(line) } as never)
    return lines
  }
  for (const line of await printed('severity')) assert.match(line, /^<3>[ 2]/)
  for (const line of await printed('debug')) assert.match(line, /^<7>[ 2]/)
  const plain = await printed(undefined)
  assert.match(plain[0] ?? '', /^2026/)
  assert.ok(plain.length > 1 && plain.every((line) => !line.startsWith('<')))
})
