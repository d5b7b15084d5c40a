// What the watch says of storages: unavailable and full, once each, with room between begin and end.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { WatchedNode } from './node-for-tests.ts'

const up = { ok: true, state: 'available' }
const down = { ok: false, state: 'unavailable' }
const key = 'storage/pve1/nas/unavailable'

function filled(...percents: readonly number[]): WatchedNode {
  const node = new WatchedNode()
  for (const usedPercent of percents) node.storage('local', { ...up, usedPercent }).pass(30)
  return node
}

describe('a storage that is unavailable', () => {
  test('is told when the second look agrees, and its end likewise', () => {
    const node = new WatchedNode().storage('nas', down).pass(30)
    assert.deepEqual(node.said(), [])
    assert.deepEqual(node.pass(30).said(), ['storage.unavailable firing nas error'])
    node.pass(600).storage('nas', up)
    assert.deepEqual(node.said(), [])
    assert.deepEqual(node.pass(60).said(), ['storage.unavailable resolved nas (available) info'])
  })

  test('is told at once when a look that was asked for agrees, and not by one of the same moment', () => {
    const node = new WatchedNode().storage('nas', down).pass(5).storage('nas', down)
    assert.deepEqual(node.said(), [])
    assert.deepEqual(node.pass(15).storage('nas', down).said(), ['storage.unavailable firing nas error'])
    node.pass(60).storage('nas', up).pass(20).storage('nas', up)
    assert.deepEqual(node.said(), ['storage.unavailable resolved nas (available) info'])
    assert.deepEqual(node.pass(600).said(), [])
  })

  test('for one look only is no news, at its beginning and at its end', () => {
    const blip = new WatchedNode().storage('nas', down).pass(30).storage('nas', up).pass(600)
    assert.deepEqual(blip.said(), [])
    const shaky = new WatchedNode().storage('nas', down).pass(60).storage('nas', up).pass(30).storage('nas', down)
    assert.deepEqual(shaky.pass(600).said(), ['storage.unavailable firing nas error'])
    assert.deepEqual([...shaky.open], [key])
  })

  test('and is disabled, or no longer configured, is over', () => {
    const disabled = new WatchedNode().storage('nas', down).pass(60).storage('nas', { ok: true, state: 'disabled' })
    assert.equal(disabled.pass(60).open.size, 0)
    const gone = new WatchedNode()
      .fact('storage', '*', { names: ['nas'] })
      .storage('nas', down)
      .pass(60)
    gone.said()
    gone.fact('storage', '*', { names: ['local'] })
    assert.deepEqual(gone.said(), ['storage.unavailable resolved nas (gone) info'])
  })

  test('on two nodes is two conditions', () => {
    const node = new WatchedNode()
    for (const host of ['pve1', 'pve2']) node.fact('storage', 'nas', down, { host })
    assert.deepEqual([...node.pass(60).open].toSorted(), [key, 'storage/pve2/nas/unavailable'])
  })
})

describe('a storage that is full', () => {
  test('is a warning, gets worse, better, and is over some points below its limit', () => {
    assert.deepEqual(filled(84.9, 85, 94.9, 95, 93.5, 93, 92.9, 84, 83, 82.9).said(), [
      'storage.full firing local warning',
      'storage.full changed local critical',
      'storage.full changed local warning',
      'storage.full resolved local (cleared) info',
    ])
  })

  test('at its limit again and again is told once', () => {
    assert.deepEqual(filled(85, 84.5, 85.1, 84.2, 85).said(), ['storage.full firing local warning'])
  })

  test('stays so while it cannot be looked into', () => {
    const node = filled(90).storage('local', down).pass(60)
    assert.ok(node.open.has('storage/pve1/local/full'))
  })

  test('by other limits is judged with the next look', () => {
    const node = filled(90).reload({ storageFull: { warning: 92, critical: 98, clear: 1 } })
    node.said()
    node.storage('local', { ...up, usedPercent: 90.5 })
    assert.deepEqual(node.said(), ['storage.full resolved local (cleared) info'])
    const off = filled(90).reload({ storageFull: false })
    off.said()
    off.storage('local', { ...up, usedPercent: 99 })
    assert.deepEqual(off.said(), ['storage.full resolved local (unwatched) info'])
  })
})
