// Sizes read as in the Janitor's reports, to the last digit.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { humanSize } from './human-size.ts'

const table: readonly (readonly [bytes: number, text: string])[] = [
  [0, '0 B'],
  [100, '100 B'],
  [123, '123 B'],
  [1023, '1023 B'],
  [1024, '1 KB'],
  [1_048_575, '1024 KB'],
  [1_048_576, '1 MB'],
  [1_073_741_823, '1024 MB'],
  [1_073_741_824, '1 GB'],
  [1_099_511_627_776, '1 TB'],
  [1024 ** 5, '1 PB'],
  [1024 ** 6, '1024 PB'],
  [8_192_000_000, '7.63 GB'],
  [62_555_000_000, '58.26 GB'],
  // Exactly between two: the even one, as `%.2f` has it.
  [1152, '1.12 KB'],
  [1408, '1.38 KB'],
  [1664, '1.62 KB'],
  [1920, '1.88 KB'],
]

for (const [bytes, text] of table) test(`${bytes} bytes are ${text}`, () => assert.equal(humanSize(bytes), text))

test('any number gives a short text that says about as much', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e18, noNaN: true }), (bytes) => {
      const [, digits = '', unit = ''] = /^(\d+(?:\.\d{1,2})?) (P|T|G|M|K)?B$/.exec(humanSize(bytes)) ?? []
      const back = Number(digits) * 1024 ** ' KMGTP'.indexOf(unit || ' ')
      assert.ok(Math.abs(back - bytes) <= Math.max(0.006, bytes * 0.006), `${bytes} became ${humanSize(bytes)}`)
      assert.doesNotMatch(digits, /\..*0$/)
    }),
  )
  assert.equal(humanSize(1e308).length < 30, true)
})
