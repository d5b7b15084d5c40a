// Every flow of the house as a timeline: the scenarios of this folder and of the examples, run as a user runs them.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assembleText } from '../src/cli/configuration.ts'
import { runScenario } from '../src/hub/scenario.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

for (const folder of ['test/flows', 'examples']) {
  for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.scenario.yaml')) continue
    const path = join(root, folder, name)
    test(`${folder}/${name}`, async () => {
      const { ok, report } = await runScenario(readFileSync(path, 'utf8'), path, { assemble: assembleText })
      assert.ok(ok, report)
    })
  }
}

const config = `
config:
  channels: { team: { kind: console } }
  rules: [{ on: [disk.full], to: [team], dedupe: { by: [host], for: 1h } }]
start: 2026-11-20T03:00:00Z
`

test('a scenario that holds with all inputs removed is refused', async () => {
  const text = `${config}
steps: [{ at: +1m, event: { type: disk.full, host: a } }]
expect: [{ channel: team, from: +2m, to: +3m, count: 0 }]
`
  const { ok, report } = await run(text)
  assert.equal(ok, false)
  assert.match(report, /cannot fail: what it expects holds with all inputs removed/)
})

test('what was not told as expected is said, with what was told instead', async () => {
  const text = `${config}
steps:
  - { at: +1m, event: { type: disk.full, host: a } }
  - { at: +2m, event: { type: disk.full, host: a } }
  - { at: +3m, event: { type: disk.other } }
expect:
  - { channel: team, count: 2 }
  - { silent: disk.full, reason: dedupe, count: 1 }
  - { silent: disk.other, reason: no rule }
  - { silent: disk.full, reason: throttle }
`
  const { ok, report } = await run(text)
  assert.equal(ok, false)
  assert.match(report, /expectation 1: wanted 2 on team between \+0s and the end, there were 1/)
  assert.match(report, /expectation 4: wanted 2 × disk.full silent by "throttle", there were 0 of 2/)
  assert.doesNotMatch(report, /expectation [23]/)
  assert.match(report, /told were 1:\n {4}2026-11-20T03:01:00.000Z team:/)
})

test('lines are whole, whether or not the last one is ended', async () => {
  const text = `
config:
  sources: { app: { kind: log, path: /made/up.log, match: { pattern: 'hit (?<n>.*)', subject: n } } }
  channels: { team: { kind: console } }
  rules: [{ on: log.line, to: [team] }]
start: 2026-11-20T03:00:00Z
steps:
  - { at: +1m, lines: { source: app, text: 'hit one' } }
  - { at: +2m, lines: { source: app, text: "hit two\\nhit three\\n" } }
expect:
  - { channel: team, count: 3 }
  - { channel: team, from: +1m, to: +1m, count: 1, text: one }
  - { channel: team, from: +2m, to: +2m, count: 1, text: three }
`
  const { ok, report } = await run(text)
  assert.ok(ok, report)
})

test('mistakes in a scenario are named with their place, all at once', async () => {
  const text = `${config}
steps:
  - { at: soon, event: { type: disk.full } }
  - { at: +1m, outage: { channel: team, for: 1h, reason: tired } }
expect: []
`
  const { ok, report } = await run(text)
  assert.equal(ok, false)
  assert.match(report, /made-up.yaml:\d+:\d+: /)
  assert.match(report, /timeout/)
})

async function run(text: string): Promise<{ readonly ok: boolean; readonly report: string }> {
  return runScenario(text, 'made-up.yaml', { assemble: assembleText })
}
