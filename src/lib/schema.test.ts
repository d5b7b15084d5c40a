// The building blocks of options: what they read, what they refuse, and that each has a JSON Schema.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { cidr, duration, listOf, secret, size, timezone } from './schema.ts'

const messages = (schema: z.ZodType, value: unknown) =>
  schema.safeParse(value).error?.issues.map(({ message }) => message)

test('text becomes what code wants', () => {
  assert.equal(duration().parse('1h30m'), 5_400_000)
  assert.equal(duration().prefault('5m').parse(undefined), 300_000)
  assert.equal(size().parse('64KiB'), 65_536)
  assert.equal(size().parse(512), 512)
  assert.deepEqual(listOf(duration()).parse('1s'), [1000])
  assert.deepEqual(listOf(duration()).parse(['1s', '2s']), [1000, 2000])
  assert.equal(cidr().parse('10.0.0.0/8'), '10.0.0.0/8')
  assert.equal(timezone().parse('Europe/Rome'), 'Europe/Rome')
})

test('a mistake says what would be right', () => {
  const advice = 'write a number and a unit, such as 90s, 5m, 1h30m or 7d'
  assert.deepEqual(messages(duration(), 'soon'), [`"soon" is no duration; ${advice}`])
  assert.deepEqual(messages(duration(), 60), [`60 has no unit; ${advice}`])
  assert.deepEqual(messages(duration({ minMs: 1000 }), '5ms'), ['"5ms" is too short; write at least 1s'])
  assert.deepEqual(messages(size(), '5 potatoes'), [
    '"5 potatoes" is no size; write a number and a unit, such as 64KiB, 10MB or 2GB',
  ])
  assert.match(messages(cidr(), '10.0.0.0/33')?.[0] ?? '', /is no address range; write one such as/)
  for (const zone of ['Rome', '+02:00', 'Europe/Rom', '']) assert.ok(messages(timezone(), zone), zone)
})

test('every block has a JSON Schema of what a person writes', () => {
  const whole = z.strictObject({
    wait: duration().prefault('5m').describe('How long.'),
    most: size().optional(),
    token: secret(),
    from: listOf(cidr()).prefault([]),
    zone: timezone().optional(),
  })
  const schema = z.toJSONSchema(whole, { io: 'input' })
  assert.deepEqual(schema.required, ['token'])
  const wait = schema.properties?.['wait']
  assert.ok(typeof wait === 'object')
  assert.equal(wait.type, 'string')
  assert.equal(wait.default, '5m')
  assert.equal(wait.description, 'How long.')
  const pattern = new RegExp(wait.pattern ?? '')
  for (const good of ['90s', '1h30m', '7d', '0', '250ms']) assert.match(good, pattern)
  for (const bad of ['', '5', 's', '30m1h']) assert.doesNotMatch(bad, pattern)
  assert.deepEqual(schema.properties?.['token'], { type: 'string', minLength: 1, secret: true })
})
