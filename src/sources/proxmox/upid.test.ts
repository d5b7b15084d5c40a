// Names of tasks and lines of their lists are read as Proxmox writes them, and nothing else passes for one.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readType, toTaskFact } from './task.ts'
import { readReason } from './task-log.ts'
import { createTaskReader } from './task-reader.ts'
import { logOf, readActiveLine, readIndexLine, readUpid } from './upid.ts'

const name = 'UPID:pve1:0000ABCD:0123ABCD:69203F2A:qmstart:100:root@pam:'

describe('the name of a task', () => {
  test('says where, when, what and by whom', () => {
    const upid = readUpid(name) ?? assert.fail()
    assert.deepEqual(
      [upid.node, upid.pid, upid.startedAt, upid.type, upid.id, upid.user],
      ['pve1', 0xabcd, 0x69203f2a * 1000, 'qmstart', '100', 'root@pam'],
    )
    assert.equal(logOf(upid), `A/${name}`)
  })

  test('may be of no guest, by an API token, or with nine digits of ticks', () => {
    assert.equal(readUpid('UPID:pve1:0000ABCD:1123ABCD0:69203F2A:vzdump::root@pam!backup:')?.id, '')
  })

  for (const text of [
    '',
    'UPID:pve1',
    name.slice(0, -1),
    `${name} `,
    name.replace('pve1', '../../etc'),
    name.replace('100', '../100'),
    name.replace('qmstart', 'qm/start'),
    name.replace('0000ABCD', 'ABCD'),
    name.replace('root@pam', 'x'.repeat(600)),
  ])
    test(`is none: ${JSON.stringify(text).slice(0, 60)}`, () => assert.equal(readUpid(text), undefined))

  test('never leads out of the folder of tasks', () => {
    const part = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('..', '/', 'pve1', 'qmstart', '0000ABCD', '69203F2A'),
    )
    fc.assert(
      fc.property(fc.array(part, { minLength: 8, maxLength: 9 }), (parts) => {
        const upid = readUpid(`UPID:${parts.join(':')}`)
        if (upid !== undefined) assert.match(logOf(upid), /^[0-9A-F]\/UPID:[^/]+$/)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a line of the list of ended tasks', () => {
  test('has the end as digits like those of the beginning, and what came of it', () => {
    const line = readIndexLine(`${name} 69203F2F start failed: QEMU exited with code 1`)
    assert.deepEqual([line?.endedAt, line?.status], [0x69203f2f * 1000, 'start failed: QEMU exited with code 1'])
  })

  test('may have the end as seconds in decimal digits', () => {
    assert.equal(readIndexLine(`${name} 1763721100 OK`)?.endedAt, 1763721100000)
  })

  for (const line of ['', name, `${name} OK`, `${name} 69203F29 OK`, `x${name} 69203F2F OK`, '\0\0\0\0'])
    test(`is none: ${JSON.stringify(line).slice(-40)}`, () => assert.equal(readIndexLine(line), undefined))
})

test('a line of the list of active tasks with more than two words is of one that has ended', () => {
  assert.equal(readActiveLine(`${name} 0`)?.type, 'qmstart')
  assert.equal(readActiveLine(`${name} 1`)?.type, 'qmstart')
  assert.equal(readActiveLine(`${name} 1 69203F2F OK`), undefined)
  assert.equal(readActiveLine(`${name} 0 69203F2F`), undefined)
})

describe('a task on a guest', () => {
  const known = [
    ['qmstart', 'vm', 'start'],
    ['vzstart', 'ct', 'start'],
    ['qmstop', 'vm', 'stop'],
    ['vzshutdown', 'ct', 'shutdown'],
    ['qmreset', 'vm', 'reset'],
    ['qmigrate', 'vm', 'migrate'],
    ['qmmigrate', 'vm', 'migrate'],
    ['vzmigrate', 'ct', 'migrate'],
    ['qmsnapshot', 'vm', 'snapshot'],
    ['qmrollback', 'vm', 'restore'],
    ['vzdestroy', 'ct', 'destroy'],
  ] as const
  for (const [type, guest, action] of known)
    test(`${type} is ${action}`, () => assert.deepEqual(readType(type), { guest, action }))

  for (const type of ['aptupdate', 'srvreload', 'qmconstructor', 'vncproxy', 'startall', ''])
    test(`${JSON.stringify(type)} is about none`, () => assert.equal(readType(type), undefined))

  test('has warnings or has failed unless its end says OK', () => {
    const outcomes = ['OK', 'WARNINGS: 2', 'job errors', '', 'unexpected status'].map((status) => {
      const upid = readUpid(name) ?? assert.fail()
      return toTaskFact({ upid, endedAt: upid.startedAt, status }, 'pve1')?.data['outcome']
    })
    assert.deepEqual(outcomes, ['ok', 'warnings', 'failed', 'failed', 'failed'])
  })
})

test('the reason of a failure is what its log says of one, not what only looks like it', () => {
  const log = [
    'transferred 1.2 GiB of 32.0 GiB (3.75%) in 2s',
    'inheriting settings, failover is off, forewarned',
    "can't open /dev/x: no such device",
    'TASK ERROR: start failed: QEMU exited with code 1',
  ].join('\n')
  assert.equal(readReason(log), "can't open /dev/x: no such device; start failed: QEMU exited with code 1")
  assert.equal(readReason('transferred 1.2 GiB\nTASK WARNINGS: 1\n'), undefined)
})

test('in whatever pieces the list is read, each line is one task', () => {
  const text = Array.from({ length: 20 }, (_, index) => {
    const second = (0x69203f2a + index).toString(16).toUpperCase()
    return `UPID:pve1:0000ABCD:0123ABCD:${second}:qmstart:${100 + index}:root@pam: ${second} OK\n${index % 5 === 0 ? 'garbage\n' : ''}`
  }).join('')
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
      const reader = createTaskReader({ hostOf: (node) => node })
      const bytes = Buffer.from(text)
      const at = [0, ...cuts.toSorted((one, other) => one - other), bytes.length]
      const facts = at.flatMap((from, index) => reader.push(bytes.subarray(from, at[index + 1]), 0).facts ?? [])
      assert.deepEqual(
        facts.map(({ data }) => data['id']),
        Array.from({ length: 20 }, (_, index) => 100 + index),
      )
      assert.equal(reader.counts['unparsed'], 4)
    }),
    { numRuns: 200 },
  )
})
