// The source asks the API of a node: a double, written from its documentation.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { testCertificate } from '../../../test/support/certificate.ts'
import { apiToken, ProxmoxApi } from '../../../test/support/proxmox-api.ts'
import { type SourceDouble, startSource } from '../../../test/support/source-double.ts'
import proxmox from './index.ts'

async function startApi(): Promise<ProxmoxApi> {
  const api = await ProxmoxApi.start()
  api.qemu.set(100, { status: 'running', name: 'web', config: { onboot: 1, startup: 'order=2' } })
  api.qemu.set(900, { status: 'stopped', name: 'debian', template: 1 })
  api.lxc.set(200, { status: 'stopped', name: 'dns', config: { hostname: 'dns', onboot: 0 } })
  api.storages = [{ storage: 'nas', active: 0, enabled: 1, type: 'nfs' }]
  return api
}

function start({ url, fingerprint }: ProxmoxApi, changes: object = {}): Promise<SourceDouble> {
  const api = { url, token: apiToken, fingerprint, ...changes }
  return startSource(proxmox, { node: 'pve1', tasks: false, api }, { name: 'pve', host: 'pve1' })
}

async function until(check: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !check(); tries += 1) await wait(10)
  assert.ok(check(), 'it has not come')
}

function said(source: SourceDouble): unknown[] {
  return source.facts.map(({ name, key, data }) => [name, key, data['running'] ?? data['ok'] ?? data['names']])
}

async function stopped(source: SourceDouble): Promise<void> {
  source.stop()
  await source.ended
}

describe('by the API', () => {
  test('guests, their configuration and storages are said, templates are left out', async () => {
    await using api = await startApi()
    const source = await start(api)
    await until(() => source.facts.length === 5)
    assert.deepEqual(said(source), [
      ['guest', '100', true],
      ['guest', '200', false],
      ['guest', '*', ['100', '200']],
      ['storage', 'nas', false],
      ['storage', '*', ['nas']],
    ])
    const [web, dns] = source.facts.map(({ data }) => data)
    assert.deepEqual([web?.['name'], web?.['onboot'], web?.['order'], dns?.['onboot']], ['web', true, 2, false])
    await stopped(source)
  })

  test('a configuration is asked for once in a while, not each time', async () => {
    await using api = await startApi()
    const source = await start(api)
    await until(() => source.facts.length === 5)
    for (let times = 0; times < 3; times += 1) await source.recheck({ name: 'guest', key: '*', body: {} })
    assert.equal(api.asked.filter(({ path }) => path.endsWith('/qemu/100/config')).length, 1)
    await stopped(source)
  })

  test('a node is believed by the authority in a file', async () => {
    await using api = await startApi()
    const folder = await mkdtemp(join(tmpdir(), 'sereno-ca-'))
    const ca = join(folder, 'pve-root-ca.pem')
    await writeFile(ca, testCertificate)
    const source = await start(api, { fingerprint: undefined, ca })
    await until(() => source.facts.length === 5)
    await stopped(source)
    await rm(folder, { recursive: true })
  })

  const refusals: readonly [string, object, RegExp][] = [
    ['a wrong token', { token: 'root@pam!x=wrong' }, /answered 401/],
    ['an unknown certificate', { fingerprint: undefined }, /certificate or TLS/],
    ['another certificate', { fingerprint: '00'.repeat(32) }, /certificate or TLS/],
    [
      'a file that is not there',
      { fingerprint: undefined, ca: '/nowhere/ca.pem' },
      /ca\.pem cannot be read: it is not there/,
    ],
  ]
  for (const [what, changes, sentence] of refusals) {
    test(`${what} is a word of each list, and no exception`, async () => {
      await using api = await startApi()
      const source = await start(api, changes)
      await until(() => source.facts.length === 2)
      for (const { key, data } of source.facts) {
        assert.equal(key, '*')
        assert.match(data['unread'] as string, sentence)
        assert.doesNotMatch(JSON.stringify(data), /wrong|1111/, 'the token is nowhere')
      }
      await stopped(source)
    })
  }

  test('half a list is none: nothing is said to be gone', async () => {
    await using api = await startApi()
    const source = await start(api)
    await until(() => source.facts.length === 5)
    api.refuses = 595
    await source.recheck({ name: 'guest', key: '*', body: {} })
    const [fact, ...more] = source.facts.slice(5)
    assert.deepEqual([fact?.key, fact?.data['names'], more], ['*', [], []])
    await stopped(source)
  })

  test('the token goes to the node alone, as Proxmox wants it', async () => {
    await using api = await startApi()
    const source = await start(api)
    await until(() => source.facts.length === 5)
    assert.deepEqual(new Set(api.asked.map(({ token }) => token)), new Set([`PVEAPIToken=${apiToken}`]))
    await stopped(source)
  })
})

describe('options', () => {
  const wrong: readonly [object, RegExp][] = [
    [{ api: { url: 'pve1:8006', token: 'x' } }, /no http or https address/],
    [{ api: { url: 'https://root:x@pve1:8006', token: 'x' } }, /write the token as token/],
    [{ api: { url: 'https://pve1:8006/api2/json', token: 'x' } }, /more than the address/],
    [{ api: { url: 'https://pve1:8006', token: 'x', fingerprint: 'AB' } }, /no SHA-256 fingerprint/],
    [
      { api: { url: 'https://pve1:8006', token: 'x', fingerprint: '00'.repeat(32), ca: '/x' } },
      /either fingerprint or ca/,
    ],
    [{ node: '../pve' }, /letters, digits and hyphens/],
    [{ every: '1s' }, /too short/],
  ]
  for (const [given, sentence] of wrong)
    test(`that are wrong are told: ${sentence.source}`, () => {
      const read = proxmox.options.safeParse(given)
      assert.ok(!read.success)
      assert.match(read.error.issues.map(({ message }) => message).join('\n'), sentence)
    })
})
