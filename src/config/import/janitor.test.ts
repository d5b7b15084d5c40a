// A Janitor's files become ours: limits, accounts and schedules with their meaning, and a sentence for all the rest.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { importJanitor } from './janitor.ts'

const folder = join(dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url))))), 'test/fixtures/janitor')
const names = ['main.yaml', ...['git_monitor', 'mastodon', 'schedules', 'sysinfo'].map((name) => `config/${name}.yaml`)]
const files = names.map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))
const { config, remarks } = importJanitor(files)

function of(text: string) {
  return importJanitor([{ name: 'main.yaml', text }])
}

test('limits are passed by more than their value, and an alarm is critical', () => {
  const { watches } = config as { watches: { limits: object } }
  assert.deepEqual(watches.limits, {
    kind: 'thresholds',
    limits: {
      cpu_percent: { above: 80, severity: 'warning' },
      memory_percent: { above: 85, severity: 'warning' },
      disk_usage_percent: { above: 80, severity: 'critical' },
      load: { above: 4, severity: 'warning' },
    },
  })
  assert.ok(remarks.some((remark) => remark.startsWith('system_info.thresholds.disk_usage_free has no number')))
})

test('accounts become channels, the default one first, without a secret', () => {
  const { channels, rules } = config as { channels: Record<string, object>; rules: { to: string[] }[] }
  assert.deepEqual(channels['default'], {
    kind: 'fediverse',
    url: 'https://social.example.org',
    software: 'pleroma',
    tokenFile: 'default.token',
    maxLength: 5000,
    contentType: 'text/markdown',
    visibility: 'direct',
    mention: '@admin',
  })
  assert.deepEqual(channels['updates'], {
    kind: 'fediverse',
    url: 'https://mastodon.example.org',
    tokenFile: 'updates.token',
    maxLength: 500,
    visibility: 'unlisted',
  })
  assert.ok(rules.every(({ to }) => to.join() === 'default'))
  // Janitor told of it every minute; once in six hours is enough to remember.
  assert.equal((rules[0] as { remind?: string }).remind, '6h')
  const all = JSON.stringify([config, remarks])
  assert.doesNotMatch(all, /correct-horse|bot@example|secret=hidden/)
})

test('the most frequent sampling counts; what nobody can run is named with its reason', () => {
  const { sources } = config as { sources: Record<string, object> }
  assert.deepEqual(sources['this'], { kind: 'host', every: '60s' })
  for (const start of ['schedules[2] "Names": update_ddns', 'schedules[3] "Odd": ', 'schedules[4] "Unknown": dance'])
    assert.ok(
      remarks.some((remark) => remark.startsWith(start)),
      start,
    )
})

test('a listener for the whole world becomes one for this machine, and a dry run stays one', () => {
  assert.deepEqual((config as { hub: object }).hub, { listen: '127.0.0.1:5000', dryRun: true })
  assert.ok(remarks.some((remark) => remark.includes('0.0.0.0 takes posts from anybody')))
  const here = of('app: { service: { listen: { host: localhost, port: 5001, debug: true } } }')
  assert.deepEqual((here.config as { hub: object }).hub, { listen: '127.0.0.1:5001' })
  assert.deepEqual(here.remarks.length, 1)
  assert.match(here.remarks[0] ?? '', /debug is left out/)
})

test('a key given twice counts as Janitor has it, unknown ones are named, and nothing is made of nothing', () => {
  const limits = of('system_info: { thresholds: { cpu_percent: { value: 1, value: 2 } } }').config as {
    watches: { limits: { limits: object } }
  }
  assert.deepEqual(limits.watches.limits.limits, { cpu_percent: { above: 2, severity: 'warning' } })
  assert.deepEqual(of('pictures: []').remarks, ['pictures is unknown: left out.'])
  assert.deepEqual(of('').remarks, [])
})

test('what is no YAML, or holds no settings, is named by its file', () => {
  assert.throws(() => of('a: [1'), /^Error: main\.yaml is no YAML: /)
  assert.throws(() => of('just words'), /^Error: main\.yaml holds neither settings nor a list$/)
})

test('strange values never stop it', () => {
  for (const text of [
    'mastodon: { named_accounts: { a: 3, b: { status_params: [1], instance_type: {} }, c: {} } }',
    'system_info: { thresholds: [1, 2] }',
    'schedules: [1, { when: 5, action: x }, { when: "* * * * *" }]',
    'app: 7',
  ])
    assert.ok(of(text).remarks.length >= 0)
  assert.match(
    of('mastodon: { named_accounts: { a: { status_params: { visibility: direct } } } }').remarks.join('\n'),
    /reaches nobody/,
  )
})
