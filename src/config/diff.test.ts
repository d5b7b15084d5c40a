// What a reload changes, by name and in one line.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from './config.ts'
import { describeDifference, diffConfig, keysForRestart } from './diff.ts'
import { readForTest } from './kinds-for-tests.ts'

async function read(text: string): Promise<Config> {
  const { config, issues } = await readForTest(text)
  assert.deepEqual(issues, [])
  assert.ok(config)
  return config
}

const before = `
hub: { url: 'https://a.example.org' }
sources: { app: { kind: tail, path: /a }, old: { kind: tail, path: /b } }
channels: { team: { kind: console }, gone: { kind: console } }
rules:
  - { name: one, on: message, to: team, where: host="a" }
  - { name: two, on: 'kms.*', to: team }
  - { name: three, on: 'sereno.*', to: team }
`

test('the same text changes nothing, though its matchers are other functions', async () => {
  assert.equal(describeDifference(diffConfig(await read(before), await read(before))), 'nothing changed')
})

test('added, removed and changed things are told by name', async () => {
  const after = `
hub: { url: 'https://b.example.org', data: /var/lib/sereno }
sources: { app: { kind: tail, path: /c }, young: { kind: tail, path: /b } }
channels: { team: { kind: console, expireAfter: 1h }, mail: { kind: console } }
rules:
  - { name: two, on: 'kms.*', to: team }
  - { name: one, on: message, to: team, where: host="b" }
  - { name: four, on: 'sereno.*', to: mail }
templates: { message: { title: x } }
`
  const difference = diffConfig(await read(before), await read(after))
  assert.deepEqual(difference.sources, { added: ['young'], removed: ['old'], changed: ['app'] })
  assert.deepEqual(difference.channels, { added: ['mail'], removed: ['gone'], changed: ['team'] })
  assert.deepEqual(difference.rules, { added: ['four'], removed: ['three'], changed: ['one'] })
  assert.equal(difference.rulesMoved, true)
  assert.equal(
    describeDifference(difference),
    'added source young; removed source old; changed source app; added channel mail; removed channel gone; ' +
      'changed channel team; added rule four; removed rule three; changed rule one; added template message; ' +
      'changed the order of rules; changed hub.data, hub.url',
  )
})

test('what a hub takes up only when it starts is told by its keys in the file', async () => {
  const { hub } = await read('hub: {}')
  const text = `hub: { listen: 127.0.0.1:1, url: 'https://a.example.org', tls: { cert: a, key: b }, data: d, store: s.db,
    maxBody: 1MiB, tokens: [{ name: a, token: aaaaaaaaaaaaaaaa }] }`
  const changed = await read(text)
  assert.deepEqual(keysForRestart(hub, changed.hub), ['listen', 'url', 'tls', 'data', 'store', 'maxBody'])
  assert.deepEqual(keysForRestart(changed.hub, hub), ['listen', 'url', 'tls', 'data', 'store', 'maxBody'])
  assert.deepEqual(keysForRestart(changed.hub, (await read(text)).hub), [])
})
