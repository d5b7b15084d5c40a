// Configurations of guests, and lists of guests and storages, as Proxmox writes and prints them.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readConfigValues, readGuestConfig } from './guest-config.ts'
import { readGuestData, readGuestLines, readStorageData, readStorageLines } from './lists.ts'

describe('the configuration of a guest', () => {
  test('of a machine and of a container says what it is called and when it starts', () => {
    assert.deepEqual(readGuestConfig('boot: order=scsi0\nname: web\nonboot: 1\nstartup: order=2,up=30\n'), {
      onboot: true,
      name: 'web',
      order: 2,
      isTemplate: false,
    })
    assert.deepEqual(readGuestConfig('hostname: dns\nstartup: up=30,order=7\n'), {
      onboot: false,
      name: 'dns',
      order: 7,
      isTemplate: false,
    })
  })

  test('counts only up to its first snapshot', () => {
    const text = 'name: web\nonboot: 1\n\n[before-upgrade]\nonboot: 0\nname: old\nstartup: order=9\n'
    assert.deepEqual(readGuestConfig(text), { onboot: true, name: 'web', isTemplate: false })
    assert.equal(readGuestConfig('name: web\n[PENDING]\nonboot: 1\n').onboot, false)
  })

  test('by the API says the same', () => {
    assert.deepEqual(readConfigValues({ name: 'web', onboot: 1, startup: 'order=2', memory: 2048, digest: 'x' }), {
      onboot: true,
      name: 'web',
      order: 2,
      isTemplate: false,
    })
  })

  test('a description that looks like one is none', () => {
    assert.equal(readGuestConfig('#onboot: 1\n#name%3A: x\ndescription: onboot: 1\n').onboot, false)
  })
})

describe('guests', () => {
  const qm = `      VMID NAME                 STATUS     MEM(MB)    BOOTDISK(GB) PID
       100 web                  running    2048              32.00 1234
       102 broken               stopped    4096              32.00 0
`
  const pct = `VMID       Status     Lock         Name
200        running                 dns
201        stopped    backup       old mail
`
  test('are read from what the commands print', () => {
    assert.deepEqual(readGuestLines(qm, 'vm'), [
      { id: 100, guest: 'vm', name: 'web', running: true },
      { id: 102, guest: 'vm', name: 'broken', running: false },
    ])
    assert.deepEqual(
      readGuestLines(pct, 'ct')?.map(({ id, running }) => [id, running]),
      [
        [200, true],
        [201, false],
      ],
    )
    assert.deepEqual(readGuestLines('', 'ct'), [], 'of no containers nothing is printed')
    assert.equal(readGuestLines('Usage: qm <COMMAND>', 'vm'), undefined)
  })

  test('are read from the API, with numbers as numbers or as texts', () => {
    const data = [
      { vmid: 100, name: 'web', status: 'running' },
      { vmid: '101', status: 'stopped', template: 1 },
      { vmid: 'x', status: 'running' },
      null,
    ]
    assert.deepEqual(readGuestData(data, 'vm'), [
      { id: 100, guest: 'vm', name: 'web', running: true },
      { id: 101, guest: 'vm', running: false, isTemplate: true },
    ])
    assert.equal(readGuestData(null, 'vm'), undefined)
  })
})

test('values that cannot be read as numbers or texts are passed over', () => {
  const odd = JSON.parse('{"toString": 1, "valueOf": 1}') as object
  assert.deepEqual(readGuestData([{ vmid: odd, status: 'running' }], 'vm'), [])
  assert.equal(readStorageData([{ storage: 'a', active: odd, used: odd, total: odd }])?.[0]?.thing.ok, false)
})

describe('storages', () => {
  test('are read from what the command prints', () => {
    const text = `Name             Type     Status           Total            Used       Available        %
local             dir     active        98497780        83723113         9724060   85.00%
nas               nfs   inactive               0               0               0    0.00%
old               nfs   disabled               0               0               0      N/A
`
    assert.deepEqual(readStorageLines(text), [
      {
        name: 'local',
        thing: {
          ok: true,
          state: 'available',
          usedPercent: 85,
          usedBytes: 83723113 * 1024,
          totalBytes: 98497780 * 1024,
        },
      },
      { name: 'nas', thing: { ok: false, state: 'unavailable' } },
      { name: 'old', thing: { ok: true, state: 'disabled' } },
    ])
  })

  test('are read from the API', () => {
    const data = [
      { storage: 'local', active: 1, enabled: 1, used: 50, total: 200 },
      { storage: 'nas', active: 0, enabled: 1 },
      { storage: 'old', active: 0, enabled: 0 },
    ]
    assert.deepEqual(
      readStorageData(data)?.map(({ name, thing }) => [name, thing.ok, thing.state, thing.usedPercent]),
      [
        ['local', true, 'available', 25],
        ['nas', false, 'unavailable', undefined],
        ['old', true, 'disabled', undefined],
      ],
    )
  })
})

test('nothing makes the readers fail', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), (text, value) => {
      for (const read of [readGuestConfig, readStorageLines, (one: string) => readGuestLines(one, 'vm')]) read(text)
      readGuestLines(`VMID NAME STATUS\n${text}`, 'vm')
      readStorageLines(`Name Type Status\n${text}`)
      readGuestData([value, { vmid: value, status: value }], 'ct')
      readStorageData([value, { storage: 'a', active: value, used: value, total: value }])
    }),
    { numRuns: 2000 },
  )
})
