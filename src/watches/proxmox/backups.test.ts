// What the watch says of backups of guests, and the window it opens while they are made.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BackupJob, BackupOutcome, GuestBackup } from '../../source-guest-backup.ts'
import { start, WatchedNode } from './node-for-tests.ts'

const hour = 3600

function saved(id: number, outcome: BackupOutcome = 'ok', more: Partial<GuestBackup> = {}): GuestBackup {
  return { id, guest: 'vm', name: `vm${id}`, outcome, ...(outcome === 'ok' ? {} : { reason: 'no space' }), ...more }
}

function job(...guests: readonly GuestBackup[]): Pick<BackupJob, 'guests' | 'outcome'> {
  const outcome = (['failed', 'warnings', 'ok'] as const).find((one) => guests.some((guest) => guest.outcome === one))
  return { guests, outcome: outcome ?? 'ok' }
}

describe('a job', () => {
  test('is one report, and each guest by itself', () => {
    const node = new WatchedNode().job(job(saved(100), saved(102, 'failed'), saved(101, 'warnings')))
    assert.deepEqual(node.events[0]?.data?.['failed'], 1)
    assert.deepEqual(
      (node.events[0]?.data?.['guests'] as { id: number }[] | undefined)?.map(({ id }) => id),
      [102, 101, 100],
    )
    assert.deepEqual(node.said(), [
      'guest.backup-report - error',
      'guest.backup vm100 info',
      'guest.backup firing vm102 error',
      'guest.backup firing vm101 warning',
    ])
  })

  test('is told once, whether its notification or its line in the list of tasks comes first', () => {
    const guests = [saved(100), saved(102, 'failed')]
    for (const [first, second] of [
      ['tasks', 'webhook'],
      ['webhook', 'tasks'],
    ] as const) {
      const node = new WatchedNode().job({ ...job(...guests), via: first })
      assert.equal(node.said().length, 3)
      node.pass(2).job({ ...job(...guests), via: second })
      assert.deepEqual(node.pass(600).said(), [], `${second} came second`)
    }
  })

  test('that is heard of twice in the same way is told once', () => {
    const node = new WatchedNode().job({ ...job(saved(100)), via: 'webhook', at: start })
    node.said()
    node.pass(5).job({ ...job(saved(100)), via: 'webhook', at: start })
    assert.deepEqual(node.said(), [])
  })

  test('with guests of its own is told, even right after another', () => {
    const node = new WatchedNode().job({ ...job(saved(100)), via: 'tasks' })
    node.said()
    node.pass(1).job({ ...job(saved(200)), via: 'webhook' })
    assert.deepEqual(node.said(), ['guest.backup-report - info', 'guest.backup vm200 info'])
  })

  test('whose log could not be read waits for its notification', () => {
    const node = new WatchedNode().job({ outcome: 'failed', via: 'tasks' })
    assert.deepEqual(node.said(), [])
    node.pass(3).job({ ...job(saved(100, 'failed')), via: 'webhook' })
    assert.deepEqual(node.said(), ['guest.backup-report - error', 'guest.backup firing vm100 error'])
    assert.deepEqual(node.pass(600).said(), [])
  })

  test('whose log could not be read is told without guests when no notification comes', () => {
    const node = new WatchedNode().job({ outcome: 'failed', reason: "storage 'nas' does not exist" }).pass(61)
    assert.equal(node.events[0]?.data?.['reason'], "storage 'nas' does not exist")
    assert.deepEqual(node.said(), ['guest.backup-report - error'])
  })

  test('shows at most a hundred guests and counts the rest, those that failed first', () => {
    const many = Array.from({ length: 300 }, (_, index) => saved(100 + index, index === 299 ? 'failed' : 'ok'))
    const node = new WatchedNode().job(job(...many))
    const data = node.events[0]?.data ?? {}
    const guests = data['guests'] as { readonly id: number }[]
    assert.deepEqual(
      [guests.length, guests[0]?.id, data['more'], data['total'], data['failed']],
      [100, 399, 200, 300, 1],
    )
  })
})

describe('the backup of a guest', () => {
  test('that failed is a condition until a later one is good', () => {
    const node = new WatchedNode().job(job(saved(100, 'failed')))
    assert.deepEqual([...node.open], ['guest/100/backup'])
    node.pass(24 * hour).job(job(saved(100, 'failed')))
    assert.equal(node.events.at(-1)?.data?.['failedRuns'], 2)
    node.pass(24 * hour).job(job(saved(100)))
    const backups = node.said().filter((one) => one.startsWith('guest.backup '))
    assert.deepEqual(backups, [
      'guest.backup firing vm100 error',
      'guest.backup changed vm100 error',
      'guest.backup resolved vm100 info',
    ])
    assert.equal(node.open.size, 0)
  })

  test('that is good says nothing of another guest', () => {
    const node = new WatchedNode()
      .job(job(saved(100, 'failed')))
      .pass(hour)
      .job(job(saved(101)))
    assert.deepEqual([...node.open], ['guest/100/backup'])
  })

  test('that is worse in the second telling of the job is told again', () => {
    const node = new WatchedNode().job({ ...job(saved(100)), via: 'webhook' })
    node.said()
    node.pass(2).job({ ...job(saved(100, 'warnings')), via: 'tasks' })
    assert.deepEqual(node.said(), ['guest.backup firing vm100 warning'])
  })

  test('of before the last one that was told ends nothing', () => {
    const node = new WatchedNode().pass(hour).job(job(saved(100, 'failed')))
    node.job({ ...job(saved(100)), at: start })
    assert.deepEqual([...node.open], ['guest/100/backup'])
  })

  test('on another node of the cluster is of that host', () => {
    const node = new WatchedNode().job(job(saved(300, 'failed')), 'pve2')
    assert.deepEqual(
      node.events.map(({ host }) => host),
      ['pve2', 'pve2'],
    )
  })
})

describe('the window', () => {
  test('opens when guests are backed up, and closes two minutes after', () => {
    const node = new WatchedNode().backs(true).pass(600).backs(false)
    assert.deepEqual(
      node.windows.map(({ kind, host, until }) => [kind, host, (until - start) / 1000]),
      [
        ['backup', 'pve1', 7200],
        ['backup', 'pve1', 720],
      ],
    )
  })

  test('moves with each sign, and never further than two hours beyond the last', () => {
    const node = new WatchedNode()
      .backs(true)
      .pass(3 * hour)
      .backs(true)
      .pass(20 * hour)
    assert.deepEqual(
      node.windows.map(({ until }) => (until - start) / 1000),
      [7200, 5 * hour],
    )
  })

  test('does not open because no backup is made', () => {
    assert.deepEqual(new WatchedNode().backs(false).windows, [])
  })
})
