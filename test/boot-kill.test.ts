// A hub beside a node's files that is killed three times within one boot: one report, with all that was started meanwhile.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createHubHouse } from './support/hub-house.ts'
import { ProxmoxNode } from './support/proxmox-node.ts'

/** This machine has booted long ago; the grace goes on until the last guest runs. */
const graceSeconds = 3600

interface Entry {
  readonly type: string
  readonly data: { readonly [name: string]: unknown }
  readonly verdicts: readonly { readonly state: string }[]
}

test('a boot is told once by a hub that is killed three times within it, and names what started and failed meanwhile', async () => {
  await using node = await ProxmoxNode.make()
  await using house = await createHubHouse()
  const upSeconds = Math.ceil(Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]))
  const pve = { kind: 'proxmox', host: 'pve1', every: '5s', ...node.options }
  const grace = `${upSeconds + graceSeconds}s`
  const config = {
    sources: { pve },
    watches: { boots: { kind: 'boot', checkEvery: '2s' } },
    mute: { startup: { kind: 'startup', grace, vmGrace: grace, maxBootUptime: `${upSeconds + 3600}s` } },
    rules: [{ on: ['guest.*', 'host.*', 'storage.*'], to: ['team'] }],
    channels: { team: { kind: 'console' } },
  }
  await house.configure(JSON.stringify(config))
  for (const id of [100, 101, 103]) await node.configure('qemu-server', id, `name: vm${id}\nonboot: 1\n`)
  // Nobody can read this one; it counts as if it started with the node.
  await mkdir(join(node.folder, 'pve/qemu-server/102.conf'))
  const list = (...running: readonly number[]): Promise<void> => {
    const states = [100, 101, 102, 103].map((id) => [id, running.includes(id) ? 'running' : 'stopped'])
    return node.list({ vms: Object.fromEntries(states), storages: { nas: 'active 1000 100 900 10%' } })
  }
  const second = (): number => 1000 * Math.floor(Date.now() / 1000)
  const events = async (): Promise<readonly Entry[]> => {
    const { out } = await house.sereno('events', '--limit', '1000', '--json')
    return JSON.parse(out) as readonly Entry[]
  }
  const seen = async (type: string, count: number): Promise<boolean> =>
    (await events()).filter((one) => one.type === type).length === count

  await list()
  await house.start()
  await house.until('the boot is known', async () => (await house.sereno('facts')).out.includes('"host.boot"'))
  await node.end({ type: 'qmstart', id: 100, startedAt: second() - 2000 })
  await list(100)
  await house.until('the first start is seen', () => seen('guest.started', 1))
  await house.kill()
  // While nobody looks.
  await node.end({ type: 'qmstart', id: 102, startedAt: second() - 2000 })
  await list(100, 102)
  await house.start()
  await house.until('the second start is seen', () => seen('guest.started', 2))
  await house.kill()
  const log = 'TASK ERROR: no such disk\n'
  await node.end({ type: 'qmstart', id: 101, startedAt: second() - 2000, status: 'no such disk', log })
  await house.start()
  await house.until('the failure is seen', () => seen('guest.start-failed', 1))
  assert.ok(await seen('host.startup-report', 0), 'nothing is told yet')
  await house.kill()
  await house.start()
  await list(100, 102, 103)
  await house.until('the report is there', () => seen('host.startup-report', 1))
  const { data } = (await events()).find(({ type }) => type === 'host.startup-report') ?? assert.fail()
  const names = (value: unknown): string[] => (value as readonly { readonly name: string }[]).map(({ name }) => name)
  assert.deepEqual([data['started'], data['failed'], data['pending']].map(names), [
    ['vm100', 'vm102', 'vm103'],
    ['vm101'],
    [],
  ])
  await house.kill()
  await house.start()
  await node.end({ type: 'qmstart', id: 101, startedAt: second() })
  await list(100, 101, 102, 103)
  const told = async (): Promise<readonly { readonly kind: string; readonly title?: string }[]> =>
    JSON.parse((await house.sereno('deliveries', '--json')).out) as []
  await house.until('its end is told', async () => (await told()).some(({ kind }) => kind === 'end'))
  assert.deepEqual((await told()).map(({ kind }) => kind).toSorted(), ['end', 'open'])
  await house.stop()
  assert.deepEqual((await house.audit()).faults, [])
})
