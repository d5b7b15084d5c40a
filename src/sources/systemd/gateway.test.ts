// The gateway, pinged by the real ping and by one that loses what it is told to.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createGateway, readGateway } from './gateway.ts'

function createFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sereno-gateway-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'proc/net'), { recursive: true })
  return folder
}

function create(ping: string, root: string, option: true | string) {
  const said: string[] = []
  const { signal } = new AbortController()
  const gateway = createGateway({ ping, root, option, signal, say: (_level, message) => void said.push(message) })
  return { gateway, said }
}

const heading = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n'

test('this machine answers the real ping; where nobody is, nobody is missed', async (t) => {
  const here = create('ping', createFolder(t), '127.0.0.1')
  await here.gateway.check()
  assert.deepEqual(here.gateway.thing, ['gateway 127.0.0.1', { ok: true }])
  const nobody = create('ping', createFolder(t), '240.0.0.1')
  await nobody.gateway.check()
  assert.equal(nobody.gateway.thing, undefined)
  assert.deepEqual(nobody.said, ['240.0.0.1 answers no pings; it is watched once it does'])
})

test('half of the pings lost is told, all of them only twice in a row, and the first that comes is enough', async (t) => {
  const folder = createFolder(t)
  const ping = join(folder, 'ping')
  writeFileSync(ping, `#!/bin/sh\necho "3 packets transmitted, 1 received, $(cat ${folder}/loss)% packet loss"\n`)
  chmodSync(ping, 0o755)
  const { gateway } = create(ping, folder, '192.0.2.1')
  const states: unknown[] = []
  for (const loss of [100, 0, 33.3333, 66.6667, 100, 100, 100, 50, 0, 100, 0, 100, 100]) {
    writeFileSync(join(folder, 'loss'), String(loss))
    await gateway.check()
    states.push(gateway.thing?.[1].state ?? gateway.thing?.[1].ok)
  }
  const [well, some, none] = [true, 'losing', 'unreachable']
  assert.deepEqual(states, [undefined, well, well, some, some, none, none, some, well, well, well, well, none])
})

test('the default route names it, the one of the lowest metric; without one there is none', async (t) => {
  const folder = createFolder(t)
  const route = (text: string): Promise<string | undefined> => {
    writeFileSync(join(folder, 'proc/net/route'), heading + text)
    return readGateway(folder)
  }
  const local = 'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n'
  const one = 'eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n'
  const other = 'wlan0\t00000000\tFE02A8C0\t0003\t0\t0\t20\t00000000\t0\t0\t0\n'
  assert.equal(await route(local + one), '192.0.2.1')
  assert.equal(await route(one + other), '192.168.2.254')
  assert.equal(await route(local), undefined)
  assert.equal(await route('x\n\n00000000\n'), undefined)
  assert.equal(await readGateway(join(folder, 'nowhere')), undefined)
})

test('without ping it says so, once, and nothing of the gateway', async (t) => {
  const { gateway, said } = create('/nowhere/ping', createFolder(t), '192.0.2.1')
  await gateway.check()
  await gateway.check()
  assert.equal(gateway.thing, undefined)
  assert.deepEqual(said, ['192.0.2.1 cannot be pinged; is ping installed, and may it be used?'])
})
