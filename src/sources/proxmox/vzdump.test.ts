// Logs and tables of backup jobs are read guest by guest, as Proxmox writes them for archives and for backup servers.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { readVzdumpLog } from './vzdump-log.ts'
import { readVzdumpText } from './vzdump-table.ts'
import { readColonTime, readSizeWords, readSpanWords } from './vzdump-words.ts'

const folder = fileURLToPath(new URL('../../../test/fixtures/proxmox/', import.meta.url))

async function textOf(name: string): Promise<string> {
  return readFile(folder + name, 'utf8')
}

async function messageOf(name: string): Promise<string> {
  return (JSON.parse(await textOf(name)) as { readonly message: string }).message
}

const GiB = 1024 ** 3
const MiB = 1024 ** 2

describe('the log of a job', () => {
  test('that writes archives has of each guest how it ended, why, how large, how long', async () => {
    const { guests, storage, reason } = readVzdumpLog(await textOf('vzdump-archive.log'))
    assert.deepEqual([storage, reason], ['nas', undefined])
    assert.deepEqual(guests, [
      {
        id: 100,
        guest: 'vm',
        name: 'web01',
        outcome: 'ok',
        file: '/mnt/pve/nas/dump/vzdump-qemu-100-2026_11_20-02_00_01.vma.zst',
        sizeBytes: Math.round(12.3 * GiB),
        durationSeconds: 261,
      },
      {
        id: 102,
        guest: 'vm',
        name: 'broken',
        outcome: 'failed',
        reason: "volume 'nas:102/vm-102-disk-0.qcow2' does not exist",
      },
      {
        id: 200,
        guest: 'ct',
        name: 'dns',
        outcome: 'warnings',
        reason: 'tar: ./var/log/journal: file changed as we read it',
        file: '/mnt/pve/nas/dump/vzdump-lxc-200-2026_11_20-02_04_25.tar.zst',
        sizeBytes: 412 * MiB,
        durationSeconds: 15,
      },
    ])
  })

  test('that saves to a backup server has what was sent there', async () => {
    const { guests, storage } = readVzdumpLog(await textOf('vzdump-server.log'))
    assert.equal(storage, 'pbs-home')
    assert.deepEqual(
      guests.map(({ id, outcome, file, sizeBytes, durationSeconds }) => [
        id,
        outcome,
        file,
        sizeBytes,
        durationSeconds,
      ]),
      [
        [100, 'ok', 'vm/100/2026-11-20T02:00:01Z', 628 * MiB, 5],
        [200, 'ok', 'ct/200/2026-11-20T02:00:06Z', 104.25 * MiB, 11],
      ],
    )
  })

  test('that breaks off has failed for the guest it was at', () => {
    const { guests } = readVzdumpLog('INFO: Starting Backup of VM 7 (qemu)\nINFO: VM Name: mail\n')
    assert.deepEqual(guests, [
      { id: 7, guest: 'vm', name: 'mail', outcome: 'failed', reason: 'the job ended before its backup did' },
    ])
  })

  test('of a job that came to no guest says why', () => {
    const { guests, reason } = readVzdumpLog("ERROR: could not activate storage 'nas': no route to host\n")
    assert.deepEqual([guests, reason], [[], "could not activate storage 'nas': no route to host"])
  })
})

describe('the text of a notification', () => {
  test('has verdicts in its table and reasons in its log, of every guest', async () => {
    const { guests, storage, totalBytes, totalSeconds } = readVzdumpText(await messageOf('notification-archive.json'))
    assert.deepEqual(
      guests.map(({ id, guest, name, outcome, reason }) => [id, guest, name, outcome, reason]),
      [
        [100, 'vm', 'web01', 'ok', undefined],
        [102, 'vm', 'broken', 'failed', "volume 'nas:102/vm-102-disk-0.qcow2' does not exist"],
        [200, 'ct', 'dns', 'warnings', 'tar: ./var/log/journal: file changed as we read it'],
      ],
    )
    assert.deepEqual([storage, totalBytes, totalSeconds], ['nas', Math.round(12.702 * GiB), 279])
  })

  test('of a backup server has its snapshots', async () => {
    const { guests, storage } = readVzdumpText(await messageOf('notification-server.json'))
    assert.equal(storage, 'pbs-home')
    assert.deepEqual(
      guests.map(({ id, guest, file, sizeBytes }) => [id, guest, file, sizeBytes]),
      [
        [100, 'vm', 'vm/100/2026-11-20T02:00:01Z', 60 * GiB],
        [200, 'ct', 'ct/200/2026-11-20T02:00:06Z', Math.round(1.8 * GiB)],
      ],
    )
  })

  test('without a total has the sum of its guests', () => {
    const text =
      'VMID    Name    Status    Time    Size     Filename\n1       a       ok        2s      1 GiB    x\n2       b       ok        3s      2 GiB    y'
    const { totalBytes, totalSeconds } = readVzdumpText(text)
    assert.deepEqual([totalBytes, totalSeconds], [3 * GiB, 5])
  })

  test('loses no guest of a table of hundreds, whatever they are called', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replace(/[\s\p{C}]+/gu, ' ').trim())
    const rows = fc.array(
      fc.record({ name, outcome: fc.constantFrom('ok', 'err'), size: fc.constantFrom('0 B', '12.3 GiB', '1 TiB') }),
      { minLength: 1, maxLength: 300 },
    )
    fc.assert(
      fc.property(rows, (guests) => {
        const cells = guests.map((one, index) => [String(100 + index), one.name, one.outcome, '3s', one.size, 'null'])
        const { guests: read } = readVzdumpText(`Details\n=======\n${toTable(cells)}\n\nTotal size: 1 GiB\n`)
        assert.deepEqual(
          read.map(({ id, name: called = '', outcome }) => [id, called, outcome]),
          guests.map((one, index) => [100 + index, called(one.name), one.outcome === 'ok' ? 'ok' : 'failed']),
        )
      }),
      { numRuns: 100 },
    )
  })

  test('whose columns have lost their padding is read by its gaps, and no good backup is called a failed one', () => {
    const text = [
      'VMID    Name   Status  Time  Size  Filename',
      '100     web01  ok  4m 21s  12.3 GiB  /mnt/pve/nas/dump/vzdump-qemu-100-x.vma.zst',
      '102     broken err  3s  0 B  null',
      '200\tdns\tok\t15s\t412 MiB\t/mnt/pve/nas/dump/vzdump-lxc-200-x.tar.zst',
    ].join('\n')
    assert.deepEqual(
      readVzdumpText(text).guests.map(({ id, guest, name, outcome, sizeBytes, durationSeconds }) => [
        id,
        guest,
        name,
        outcome,
        sizeBytes,
        durationSeconds,
      ]),
      [
        [100, 'vm', 'web01', 'ok', Math.round(12.3 * GiB), 261],
        [102, undefined, 'broken', 'failed', 0, 3],
        [200, 'ct', 'dns', 'ok', 412 * MiB, 15],
      ],
    )
  })

  test('that is none has no guests, and nothing makes the readers fail', () => {
    assert.deepEqual(readVzdumpText('The package lists were updated.').guests, [])
    const piece = fc.constantFrom(
      'INFO: ',
      'ERROR: ',
      'Starting Backup of VM ',
      '100',
      ' (qemu)',
      'VMID Name Status Time Size Filename',
      '\n',
      'Backup of VM 3 failed - ',
      'Finished Backup of VM 100 (00:00:01)',
      ' ok ',
      '🦉',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 40 }), (pieces) => {
        const { guests } = readVzdumpText(pieces.join(''))
        for (const one of guests) assert.ok(Number.isSafeInteger(one.id) && one.id > 0)
        assert.equal(new Set(guests.map(({ id }) => id)).size, guests.length, 'each guest once')
      }),
      { numRuns: 1000 },
    )
  })
})

/** Columns as wide as their widest cell, with four blanks between them. */
function toTable(cells: readonly (readonly string[])[]): string {
  const rows = [['VMID', 'Name', 'Status', 'Time', 'Size', 'Filename'], ...cells]
  const length = (text: string): number => Array.from(text).length
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => length(row[column] ?? '')))) ?? []
  return rows
    .map((row) => row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - length(cell))).join('    '))
    .join('\n')
}

/** What is invisible in a name is not kept. */
function called(name: string): string {
  return name.replace(/[\u00ad\u061c\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb]/g, '').trim()
}

test('amounts and spans are read as Proxmox writes them', () => {
  assert.deepEqual(['12.3 GiB', '8.50GB', '0 B', '412MB', '512', '1 KiB', 'many', '-1 B', ''].map(readSizeWords), [
    Math.round(12.3 * GiB),
    8.5 * GiB,
    0,
    412 * MiB,
    512,
    1024,
    undefined,
    undefined,
    undefined,
  ])
  assert.deepEqual(['4m 21s', '1h 2m 3s', '3s', '1d 2h', '00:01:23', '0:42', 'soon', ''].map(readSpanWords), [
    261,
    3723,
    3,
    93_600,
    83,
    42,
    undefined,
    undefined,
  ])
  assert.deepEqual(['00:00:05', '1:2:3', '99'].map(readColonTime), [5, undefined, undefined])
})
