// Address ranges: what is in, what is out, and the forms an address can come in.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createCidrTable, isCidr, matchesAny, readCidr, toPlainAddress } from './cidr.ts'

const zones = createCidrTable({
  pods: ['10.10.0.0/16', 'fd00:10::/32'],
  nodes: ['10.0.20.0/24', '10.10.7.0/24'],
  link: ['fe80::/10'],
  one: ['203.0.113.9'],
})

test('an address finds the name of its range', () => {
  assert.equal(zones('10.10.107.224'), 'pods')
  assert.equal(zones('10.0.20.200'), 'nodes')
  assert.equal(zones('203.0.113.9'), 'one')
  assert.equal(zones('fd00:10::1'), 'pods')
  assert.equal(zones('8.8.8.8'), undefined)
  assert.equal(zones('2001:db8::1'), undefined)
})

test('the narrowest range wins, whatever the order', () => {
  assert.equal(zones('10.10.7.9'), 'nodes')
})

test('brackets, scopes and mapped addresses are seen through', () => {
  assert.equal(zones('[fe80::abcd:12ff:fe34:5678%eth0]'), 'link')
  assert.equal(zones('fe80::1%3'), 'link')
  assert.equal(zones('::ffff:10.10.1.2'), 'pods')
  assert.equal(zones('[::ffff:a0a:102]'), 'pods')
})

test('what is no address is in no range', () => {
  for (const text of ['', 'localhost', '10.10.0', '10.10.0.256', '1.2.3.4:80', '[::1', ':::', 'fe80::g'])
    assert.equal(zones(text), undefined)
})

test('a wide v6 range does not take in v4, a mapped one does', () => {
  assert.equal(matchesAny(['::/0'])('10.0.0.1'), false)
  assert.equal(matchesAny(['::/0'])('2001:db8::1'), true)
  assert.equal(matchesAny(['0.0.0.0/0'])('10.0.0.1'), true)
  assert.equal(matchesAny(['0.0.0.0/0'])('2001:db8::1'), false)
  assert.equal(matchesAny(['::ffff:10.0.0.0/104'])('10.9.9.9'), true)
})

test('an empty list matches nothing', () => {
  assert.equal(matchesAny([])('127.0.0.1'), false)
})

test('a range is read strictly', () => {
  for (const text of ['10.0.0.0/8', '10.0.0.1', '::1', '::/0', '2001:db8::/32', '0.0.0.0/0', '10.0.0.1/32'])
    assert.ok(isCidr(text), text)
  for (const text of ['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8 ', 'fe80::1%eth0/64', 'x/8', ''])
    assert.ok(!isCidr(text), text)
})

test('a refused range names itself', () => {
  assert.throws(() => createCidrTable({ bad: ['10.0.0.0/40'] }), /"10\.0\.0\.0\/40" is no address range/)
})

test('addresses are shown plainly', () => {
  assert.equal(toPlainAddress('[2001:db8::1]'), '2001:db8::1')
  assert.equal(toPlainAddress('[fe80::1%eth0]'), 'fe80::1%eth0')
  assert.equal(toPlainAddress('[::ffff:10.10.1.2]'), '10.10.1.2')
  assert.equal(toPlainAddress('10.0.0.1'), '10.0.0.1')
})

test('for any v4 range, exactly the addresses with its leading bits are in', () => {
  const word = fc.integer({ min: 0, max: 0xffffffff })
  fc.assert(
    fc.property(word, word, fc.integer({ min: 0, max: 32 }), (base, other, bits) => {
      const near = bits === 0 ? other : ((base & ~(2 ** (32 - bits) - 1)) | (other & (2 ** (32 - bits) - 1))) >>> 0
      const inside = matchesAny([`${toV4(base)}/${bits}`])
      assert.ok(inside(toV4(near)))
      const same = bits === 0 || base >>> (32 - bits) === other >>> (32 - bits)
      assert.equal(inside(toV4(other)), same)
      assert.equal(inside(`::ffff:${toV4(other)}`), same)
    }),
  )
})

test('every v6 address is in its own range, however it is written', () => {
  fc.assert(
    fc.property(fc.ipV6(), fc.integer({ min: 0, max: 128 }), (address, bits) => {
      const cidr = readCidr(`${address}/${bits}`)
      assert.equal(cidr?.groups.length, 8)
      assert.ok(matchesAny([address])(address))
    }),
  )
})

function toV4(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.')
}
