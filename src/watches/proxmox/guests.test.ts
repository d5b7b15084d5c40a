// What the watch says of guests: by their tasks, by how they are, and by both in any order.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { WatchedNode } from './node-for-tests.ts'

/** A node on which guest 100 runs. */
function running(): WatchedNode {
  const node = new WatchedNode().guest(100, true).guests(100).pass(30)
  node.said()
  return node
}

describe('a task', () => {
  const done = [
    ['start', 'ok', 'guest.started', 'info'],
    ['start', 'warnings', 'guest.start-warning', 'warning'],
    ['start', 'failed', 'guest.start-failed firing', 'error'],
    ['stop', 'ok', 'guest.stopped', 'info'],
    ['stop', 'failed', 'guest.stop-failed', 'error'],
    ['shutdown', 'ok', 'guest.shutdown', 'info'],
    ['shutdown', 'failed', 'guest.stop-failed', 'error'],
    ['reboot', 'ok', 'guest.restarted', 'info'],
    ['reboot', 'failed', 'guest.restart-failed', 'error'],
    ['reset', 'failed', 'guest.restart-failed', 'error'],
    ['snapshot', 'ok', 'guest.snapshot', 'info'],
    ['snapshot', 'failed', 'guest.snapshot-failed', 'error'],
    ['migrate', 'warnings', 'guest.migrated', 'warning'],
    ['migrate', 'failed', 'guest.migration-failed', 'error'],
    ['restore', 'ok', 'guest.task', 'info'],
    ['clone', 'failed', 'guest.task-failed', 'error'],
  ] as const
  for (const [action, outcome, type, severity] of done) {
    test(`${action} that ended ${outcome} is ${type}`, () => {
      const node = new WatchedNode().task(100, action, outcome, { reason: 'because', name: 'web' })
      assert.deepEqual(node.said(), [`${type} web ${severity}`])
    })
  }

  test('that failed to stop a guest does not say that it was stopped', () => {
    const node = running().task(100, 'shutdown', 'failed', { reason: 'VM quit/powerdown failed - got timeout' })
    const [event] = node.events
    assert.equal(event?.type, 'guest.stop-failed')
    assert.equal(event?.data?.['reason'], 'VM quit/powerdown failed - got timeout')
    assert.ok(!node.events.some(({ type }) => ['guest.stopped', 'guest.shutdown'].includes(type)))
  })

  test('happened when it ended, whenever it is heard of', () => {
    const node = new WatchedNode().pass(600)
    const at = node.now - 400_000
    node.task(100, 'start', 'ok', { at })
    assert.equal(node.events[0]?.time, at)
  })
})

describe('a start that failed', () => {
  test('is over when the guest is seen running', () => {
    const node = new WatchedNode().guest(100, false).guests(100).task(100, 'start', 'failed', { reason: 'no disk' })
    assert.deepEqual([...node.open], ['guest/100/start'])
    node.pass(30).guest(100, true)
    assert.deepEqual(node.said(), [
      'guest.start-failed firing vm100 error',
      'guest.start-failed resolved vm100 (runs) info',
    ])
    assert.equal(node.open.size, 0)
  })

  test('is over when a later start is well, before it is seen running', () => {
    const node = new WatchedNode().task(100, 'start', 'failed').pass(60).task(100, 'start', 'warnings')
    assert.deepEqual(node.said(), [
      'guest.start-failed firing 100 error',
      'guest.start-warning 100 warning',
      'guest.start-failed resolved 100 (runs) info',
    ])
  })

  test('is told once when it is over, whether its start is heard of before or after the look', () => {
    for (const isLate of [true, false]) {
      const node = new WatchedNode().guest(100, false).task(100, 'start', 'failed').pass(60)
      const at = node.now
      if (!isLate) node.task(100, 'start')
      node.pass(1).guest(100, true)
      if (isLate) node.task(100, 'start', 'ok', { at })
      assert.equal(node.events.at(-1)?.title, 'pve1: vm100 (100) runs')
      assert.deepEqual(node.said().slice(1), ['guest.start-failed resolved vm100 (runs) info'])
      node.pass(60).task(100, 'stop').pass(60).task(100, 'start')
      assert.deepEqual(
        node.said(),
        ['guest.stopped vm100 info', 'guest.started vm100 info'],
        'the next is told as ever',
      )
    }
  })

  test('goes on when it fails again, in the same condition', () => {
    const node = new WatchedNode().task(100, 'start', 'failed').pass(60).task(100, 'start', 'failed')
    assert.deepEqual(node.said(), ['guest.start-failed firing 100 error', 'guest.start-failed changed 100 error'])
  })

  test('heard of after the guest was seen running begins nothing', () => {
    const node = new WatchedNode()
    const at = node.now
    node.pass(90).guest(100, true).task(100, 'start', 'failed', { at })
    assert.deepEqual(node.said(), ['guest.start-failed vm100 error'])
    assert.equal(node.open.size, 0)
  })

  test('because it ran already is none', () => {
    const node = running().task(100, 'start', 'failed', { reason: 'VM 100 already running' })
    assert.deepEqual(node.said(), ['guest.task-failed vm100 warning'])
    assert.equal(node.open.size, 0)
  })

  test('is not over by a look from before it', () => {
    const node = new WatchedNode()
    const before = node.now
    node.pass(10).task(100, 'start', 'failed').guest(100, true, { at: before })
    assert.deepEqual([...node.open], ['guest/100/start'])
  })

  test('ends with the guest', () => {
    const node = new WatchedNode().guest(100, false).guests(100, 101).task(100, 'start', 'failed').pass(30)
    node.said()
    node.guests(101)
    assert.deepEqual(node.said(), ['guest.start-failed resolved vm100 (gone) info'])
  })
})

describe('a guest that stops', () => {
  test('without a task has died, and that ends when it runs again', () => {
    const node = running().guest(100, false)
    assert.deepEqual(node.said(), [], 'a task may still be heard of')
    assert.deepEqual(node.pass(60).said(), ['guest.died firing vm100 error'])
    assert.deepEqual(node.pass(600).guest(100, true).said(), ['guest.died resolved vm100 (runs) info'])
    assert.equal(node.open.size, 0)
  })

  for (const action of ['stop', 'shutdown', 'suspend', 'migrate', 'restore', 'reboot'] as const) {
    test(`by ${action} has not, whether the task is heard of before or after`, () => {
      const before = running().task(100, action).guest(100, false).pass(300)
      const after = running().guest(100, false).pass(20).task(100, action).pass(300)
      for (const node of [before, after]) assert.equal(node.open.size, 0)
    })
  }

  test('by a shutdown that was given up has not', () => {
    const node = running().task(100, 'shutdown', 'failed').pass(5).guest(100, false).pass(300)
    assert.equal(node.open.size, 0)
  })

  test('by a task of long ago has', () => {
    const node = running()
      .task(100, 'stop')
      .task(100, 'start', 'ok', { at: Date.UTC(2026, 10, 20, 3, 0, 31) })
    node.pass(30).guest(100, true).pass(300).guest(100, false).pass(60)
    assert.deepEqual([...node.open], ['guest/100/died'])
  })

  test('and runs again before anybody wonders is no news', () => {
    const node = running().guest(100, false).pass(30).guest(100, true).pass(300)
    assert.deepEqual(node.said(), [])
  })

  test('with its host has not died: it was another boot', () => {
    const node = running()
    node.boot = 'boot-2'
    node.pass(300).guest(100, false).pass(300)
    assert.equal(node.open.size, 0)
  })

  test('dies again after it ran again, and that is told again', () => {
    const node = running().guest(100, false).pass(60).guest(100, true).pass(60).guest(100, false).pass(60)
    assert.deepEqual(node.said(), [
      'guest.died firing vm100 error',
      'guest.died resolved vm100 (runs) info',
      'guest.died firing vm100 error',
    ])
  })

  test('while a task works on it, or its host stops, has not', () => {
    const node = running().guest(100, false, { busy: true }).pass(300)
    assert.equal(node.open.size, 0)
  })

  test('after a backup that had started it has not', () => {
    const node = new WatchedNode().guest(100, false).pass(30).guest(100, true, { busy: true }).pass(60)
    node.guest(100, false).pass(300)
    assert.equal(node.open.size, 0)
  })

  test('while it is backed up, and stays so, has', () => {
    const node = running().guest(100, true, { busy: true }).pass(60).guest(100, false, { busy: true }).pass(60)
    node.guest(100, false).pass(60)
    assert.deepEqual([...node.open], ['guest/100/died'])
  })

  test('where nothing is known of tasks, nothing is said', () => {
    const unknown: { hostBoot?: string } = {}
    const node = new WatchedNode()
    node.fact('guest', '100', { id: 100, guest: 'vm', running: true, ...unknown }).pass(30)
    node.fact('guest', '100', { id: 100, guest: 'vm', running: false, ...unknown }).pass(300)
    assert.deepEqual(node.said(), [])
  })

  test('by a task that is heard of very late is told to have been stopped after all', () => {
    const node = running()
    const at = node.now
    node.guest(100, false).pass(60)
    assert.deepEqual([...node.open], ['guest/100/died'])
    node.said()
    node.task(100, 'stop', 'ok', { at })
    assert.deepEqual(node.said(), ['guest.stopped vm100 info', 'guest.died resolved vm100 (task) info'])
  })

  test('and is destroyed, or moves to another node, is no longer dead', () => {
    const destroyed = running().guest(100, false).pass(60).task(100, 'destroy')
    const moved = running().guest(100, false).pass(60).guest(100, false, { gone: true })
    for (const node of [destroyed, moved]) assert.equal(node.open.size, 0)
    assert.ok(moved.said().includes('guest.died resolved vm100 (gone) info'))
  })
})

test('a host that a person has forgotten takes the conditions of its guests and storages with it', () => {
  const node = running()
    .guest(100, false)
    .pass(60)
    .storage('nas', { ok: false })
    .fact('storage', '*', { names: ['nas'] })
  node.pass(60)
  assert.deepEqual([...node.open].toSorted(), ['guest/100/died', 'storage/pve1/nas/unavailable'])
  node.said()
  node.forget('pve1')
  assert.equal(node.open.size, 0)
  assert.ok(node.said().every((one) => one.includes('(forgotten)')))
})

test('a list that could not be read takes nothing away', () => {
  const node = running().guest(100, false).pass(60)
  node.fact('guest', '*', { names: [], unread: 'qm list failed' })
  assert.deepEqual([...node.open], ['guest/100/died'])
})
