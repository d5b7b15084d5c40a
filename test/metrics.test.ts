// What a real hub says of itself at /metrics: the names that dashboards rely on, explained, and kept over a restart.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assembleText } from '../src/cli/configuration.ts'
import { createObserver } from '../src/hub/observe.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import { createHubHouse, type HubHouse } from './support/hub-house.ts'

const fixtures = join(dirname(fileURLToPath(import.meta.url)), 'fixtures/vlmcsd')
const read = (name: string): string => readFileSync(join(fixtures, name), 'utf8')

const configOf = (log: string): string => `
sources:
  kms: { kind: vlmcsd, path: ${JSON.stringify(log)}, from: beginning, zones: { cluster_node: [10.0.20.0/24] }, maxAge: 100000d }
  message: { kind: message }
channels:
  out: { kind: console }
rules:
  - { name: kms, on: [kms.activation, kms.renewal], dedupe: { by: [machine, skuId], for: 1h }, to: [out] }
  - { name: messages, on: message, to: [out] }
`

/** Two of the same machine and product, the second of which dedupe holds; two probes; one that several may have made. */
const lines = [
  read('s2-probes-inside-activation.log'),
  read('s2-probes-inside-activation.log'),
  read('s5-two-interleaved.log'),
]

test('promtool finds nothing in the metrics of a hub at work, and each has a sentence and its number', async () => {
  await using house = await createHubHouse()
  const log = join(house.folder, 'kms.log')
  writeFileSync(log, '')
  await house.configure(configOf(log))
  await house.start()
  appendFileSync(log, lines.join(''))
  assert.equal((await house.post('hello')).status, 200)
  const delivered = (): Promise<number> => house.metric('sereno_deliveries_total', 'outcome="delivered"')
  await house.until('the message and the renewal were told', async () => (await delivered()) >= 2)
  await house.until('the probes were seen', async () => (await house.metric('kms_connection_probes_total')) >= 2)

  const text = await metricsOf(house)
  const promtool = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
  assert.deepEqual([promtool.error, promtool.status, promtool.stdout, promtool.stderr], [undefined, 0, '', ''])
  assert.deepEqual(unexplained(text), [])

  const present = [
    /^sereno_events_total\{source="kms",type="kms\.renewal"\} [1-9]/m,
    /^sereno_events_total\{source="message",type="message"\} 1$/m,
    /^sereno_verdicts_total\{by="dedupe",rule="kms",state="merged"\} [1-9]/m,
    /^sereno_attempts_total\{channel="out",result="ok"\} [2-9]/m,
    /^sereno_deliveries_total\{channel="out",outcome="delivered"\} [2-9]/m,
    /^sereno_tail_lag_bytes\{source="kms"\} 0$/m,
    /^sereno_tail_stuck\{source="kms"\} 0$/m,
    new RegExp(`^sereno_lines_total\\{source="kms"\\} ${lines.join('').trim().split('\n').length}$`, 'm'),
    /^sereno_unparsed_total\{source="kms"\} 0$/m,
    /^sereno_connections_open\{source="kms"\} \d/m,
    /^sereno_evicted_total\{source="kms"\} 0$/m,
    /^sereno_ambiguous_total\{source="kms"\} \d/m,
    /^kms_activations_total\{product="Windows 10 Professional",status="Licensed"\} [2-9]/m,
    /^kms_activations_dedup_skipped_total\{product="Windows 10 Professional"\} [1-9]/m,
    /^kms_connection_probes_total\{source="cluster_node"\} [2-9]/m,
    /^kms_last_activation_timestamp_seconds [1-9]/m,
    /^kms_slack_notifier_up 1$/m,
  ]
  for (const pattern of present) assert.match(text, pattern)
  assert.match(text, /^# TYPE sereno_connections_open gauge$/m)

  const last = await house.metric('kms_last_activation_timestamp_seconds')
  await house.stop()
  await house.start()
  await house.until('the last activation is known again', async () => {
    return (await house.metric('kms_last_activation_timestamp_seconds')) === last
  })
})

test('names that others may set an alert on are there before anything has happened', async () => {
  await using house = await createHubHouse()
  await house.configure(configOf(join(house.folder, 'not-there.log')))
  await house.start()
  await house.until('the store was asked', async () =>
    (await metricsOf(house)).includes('\nkms_last_activation_timestamp_seconds 0\n'),
  )
  const text = await metricsOf(house)
  for (const name of ['kms_activations_total', 'kms_activations_dedup_skipped_total', 'kms_connection_probes_total']) {
    assert.match(text, new RegExp(`^# TYPE ${name} counter$`, 'm'))
  }
  assert.match(text, /^kms_slack_notifier_up 1$/m)
})

test('a hub with a stuck tail or a store that refuses is not well, and says which it is', async () => {
  const assembly = await assembleText(configOf('/nowhere/kms.log'), 'test.yaml')
  const store = await openSqlite({ path: ':memory:' })
  const said: string[] = []
  const say = (message: string): void => void said.push(message)
  const log = { info: say, warn: say, error: say }
  try {
    const observer = createObserver(() => assembly, store, 0)
    assert.deepEqual([observer.health([]).live, observer.health([]).ready], [true, true])
    observer.measure('kms', 'tail_stuck', 1)
    const bad = observer.health([])
    assert.deepEqual([bad.live, bad.ready], [false, false])
    assert.deepEqual(
      bad.checks.filter(({ ok }) => !ok).map(({ detail }) => detail),
      ['the tail of source kms is stuck'],
    )
    observer.measure('kms', 'tail_stuck', 0)
    assert.equal(observer.health([]).live, true)
    observer.storeFailed('a commit', new Error('database or disk is full'), log)
    observer.storeFailed('a commit', new Error('database or disk is full'), log)
    assert.equal(observer.health([]).live, false)
    assert.match(observer.health([]).checks.find(({ ok }) => !ok)?.detail ?? '', /disk is full/)
    observer.storeWorks(log)
    assert.equal(observer.health([]).live, true)
    assert.deepEqual(said, ['a commit failed; it is tried again', 'the store takes what it is given again'])
  } finally {
    await store.close()
  }
})

async function metricsOf(house: HubHouse): Promise<string> {
  const { status, text } = await house.ask('/metrics')
  assert.equal(status, 200)
  return text
}

/** Names whose HELP says nothing that the name does not say. */
function unexplained(text: string): string[] {
  return [...text.matchAll(/^# HELP (\S+) (.*)$/gm)]
    .filter(([, name = '', help = '']) => help.length < 12 || words(help) === words(name))
    .map(([, name = '']) => name)
}

function words(text: string): string {
  return text
    .replace(/^sereno_/, '')
    .replaceAll('_', ' ')
    .replace(/\.$/, '')
    .toLowerCase()
}
