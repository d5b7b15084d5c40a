// Where the configuration is looked for, and what is said when it cannot be read.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { explain } from './explain.ts'
import { findConfig } from './find.ts'
import { initFile } from './init.ts'
import { loadConfig } from './load.ts'

test('named, then of the environment, then of this folder, then of this machine, else none', () => {
  const find = (config: string | undefined, named: string | undefined, ...there: string[]) =>
    findConfig({ config, env: { SERENO_CONFIG: named }, cwd: '/home', exists: (path) => there.includes(path) })?.path
  const both = ['/home/sereno.yaml', '/etc/sereno/sereno.yaml']
  assert.equal(find('a.yaml', '/b.yaml', ...both), '/home/a.yaml')
  assert.equal(find(undefined, '/b.yaml', ...both), '/b.yaml')
  assert.equal(find(undefined, '', ...both), '/home/sereno.yaml')
  assert.equal(find(undefined, undefined, '/etc/sereno/sereno.yaml'), '/etc/sereno/sereno.yaml')
  assert.equal(find(undefined, undefined), undefined)
})

test('a file that is not there or no file is one plain line', async () => {
  const missing = await loadConfig({ config: 'none.yaml', env: {}, cwd: tmpdir() })
  assert.deepEqual(explain(missing.issues), [
    "none.yaml cannot be read (there is no such file); name another file with --config, or write one with 'sereno init'",
  ])
  const folder = await loadConfig({ config: '.', env: {}, cwd: tmpdir() })
  assert.match(explain(folder.issues)[0] ?? '', /^\. cannot be read \(it is a folder\)/)
})

test('the example of a KMS server is good with its secret, and can be replayed without', async () => {
  const config = join(import.meta.dirname, '../../examples/kms.yaml')
  const url = 'https://hooks.slack.com/services/T0/B0/x'
  const {
    config: read,
    issues,
    warnings,
    document,
  } = await loadConfig({ config, env: { SLACK_WEBHOOK_URL: url }, cwd: '/' })
  assert.deepEqual(explain([...issues, ...warnings]), [])
  assert.deepEqual(read?.sources[0]?.name, 'kms')
  assert.deepEqual(
    read.channels.map(({ name, kind }) => [name, kind]),
    [['team', 'slack']],
  )
  assert.deepEqual(
    read.rules.map(({ name, to, dedupe }) => [name, to, dedupe]),
    [['kms-activation-kms-renewal', ['team'], { by: ['machine', 'skuId'], forMs: 3_600_000, tell: 'next' }]],
  )
  assert.ok(!JSON.stringify(document).includes('hooks.slack.com'))

  const without = await loadConfig({ config, env: {}, cwd: '/' })
  assert.match(
    explain(without.issues).join('\n'),
    /^\S+kms\.yaml:\d+:\d+: the environment variable SLACK_WEBHOOK_URL is not set/,
  )
  const replay = await loadConfig({ config, env: {}, cwd: '/', references: 'may-be-missing' })
  assert.deepEqual(explain(replay.issues), [])
  assert.deepEqual(replay.config?.rules.length, 1)
})

test('without a file the built-in configuration is in force', async () => {
  // This machine may have a configuration of its own.
  const exists = (path: string) => !path.startsWith('/etc/') && existsSync(path)
  const folder = await mkdtemp(join(tmpdir(), 'sereno-config-'))
  try {
    const found = await loadConfig({ env: {}, cwd: folder, exists })
    assert.equal(found.file, 'built-in')
    assert.deepEqual(explain([...found.issues, ...found.warnings]), [])
    assert.deepEqual(
      found.config?.channels.map(({ name }) => name),
      ['console'],
    )
    await writeFile(join(folder, 'sereno.yaml'), 'channels: { here: { kind: console } }\n')
    const own = await loadConfig({ env: {}, cwd: folder, exists })
    assert.deepEqual(
      own.config?.channels.map(({ name }) => name),
      ['here'],
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('the file of init is good, also with all that it shows put into force', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-init-'))
  try {
    const path = join(folder, 'sereno.yaml')
    const load = () =>
      loadConfig({ config: path, env: { SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/x' }, cwd: folder })
    await writeFile(path, initFile())
    const plain = await load()
    assert.deepEqual(explain([...plain.issues, ...plain.warnings]), [])
    await writeFile(path, initFile().replace(/^( *)# ( *(?:- )?[a-z]+:.*)$/gm, '$1$2'))
    const full = await load()
    assert.deepEqual(explain([...full.issues, ...full.warnings]), [])
    assert.deepEqual(
      full.config?.sources.map(({ name }) => name),
      ['message', 'this', 'sysinfo', 'servers', 'kms', 'app', 'events'],
    )
    assert.deepEqual(
      full.config.channels.map(({ name }) => name),
      ['console', 'team'],
    )
    assert.equal(full.config.rules.length, 5)
    assert.equal(full.config.hub.timezone, 'Europe/Rome')
  } finally {
    await rm(folder, { recursive: true })
  }
})
