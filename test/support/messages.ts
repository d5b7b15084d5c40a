// Messages as the world could make them: long, hostile to markup and terminals, and half broken.
import fc from 'fast-check'
import { severities, type Message } from '../../src/words.ts'

const markup = [
  '<!channel>',
  '@here',
  '<@U1>',
  '`',
  '*',
  '&',
  '<',
  '>',
  '_',
  '\n',
  '\r\n',
  '\t',
  '\u0000',
  '\u001b[2J',
  '\u202e',
  '\u2028',
  '\ud800',
  '👨‍👩‍👧‍👦',
  '日本',
]
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...markup), fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 20 })
  .map((words) => words.join(''))
/** Up to some 100 000 characters, with and without places to break them at. */
const long = fc
  .tuple(fc.oneof(hostile, fc.constantFrom('x', '&', 'ab ', 'line\n', '\u0301', '😀')), fc.nat(20_000))
  .map(([word, count]) => word.repeat(Math.min(count, Math.ceil(100_000 / (word.length + 1)))))
const text = fc.oneof({ weight: 4, arbitrary: hostile }, { weight: 1, arbitrary: long })

export const messages: fc.Arbitrary<Message> = fc.record(
  {
    title: text,
    icon: hostile,
    severity: fc.constantFrom(...severities),
    fields: fc.array(
      fc.record({ name: text, value: text, code: fc.boolean(), note: hostile }, { requiredKeys: ['name', 'value'] }),
      { maxLength: 30 },
    ),
    lines: fc.array(text, { maxLength: 5 }),
    links: fc.array(fc.record({ text, url: fc.oneof(hostile, fc.webUrl({ withQueryParameters: true })) }), {
      maxLength: 4,
    }),
    notes: fc.array(text, { maxLength: 4 }),
    ids: fc.array(fc.oneof(fc.stringMatching(/^[0-9a-z]{6,12}$/), hostile), { maxLength: 200 }),
    at: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  },
  { requiredKeys: ['title', 'severity', 'fields', 'lines', 'links', 'notes', 'ids', 'at'] },
)
