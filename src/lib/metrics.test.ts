// The registry speaks Prometheus' text format, and its own linter finds nothing to say.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { createRegistry } from './metrics.ts'

test('counters, gauges and histograms are exposed sorted and escaped', async () => {
  const registry = createRegistry()
  const seen = registry.metric('counter', 'seen_total', 'What was\nseen.')
  seen.add(1, { what: 'b"\\\n' })
  seen.add(2, { what: 'a' })
  registry.metric('gauge', 'level_bytes', 'How much.').set(1.5)
  const wait = registry.metric('histogram', 'wait_seconds', 'How long.', [0.1, 1])
  wait.observe(0.05)
  wait.observe(0.5)
  wait.observe(7)
  assert.equal(
    await registry.text(),
    `# HELP seen_total What was\\nseen.
# TYPE seen_total counter
seen_total{what="a"} 2
seen_total{what="b\\"\\\\\\n"} 1
# HELP level_bytes How much.
# TYPE level_bytes gauge
level_bytes 1.5
# HELP wait_seconds How long.
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1"} 1
wait_seconds_bucket{le="1"} 2
wait_seconds_bucket{le="+Inf"} 3
wait_seconds_sum 7.55
wait_seconds_count 3
`,
  )
})

test('a label from outside brings no control characters and no endless text along', async () => {
  const registry = createRegistry()
  const seen = registry.metric('counter', 'seen_total', 'Seen.')
  seen.add(1, { name: 'a\u001b[2J\u0000\r\nb' })
  seen.add(1, { name: 'c'.repeat(10_000) })
  const lines = (await registry.text()).split('\n')
  assert.ok(lines.includes('seen_total{name="a\ufffd[2J\ufffd\ufffd\\nb"} 1'))
  assert.ok(lines.includes(`seen_total{name="${'c'.repeat(256)}"} 1`))
})

test('a label from outside cannot fill the memory: beyond 200 sets all is counted as other', async () => {
  const registry = createRegistry()
  const seen = registry.metric('counter', 'seen_total', 'Seen.')
  for (let index = 0; index < 5000; index += 1) seen.add(1, { client: `c${index}` })
  const lines = (await registry.text()).split('\n').filter((text) => text.startsWith('seen_total{'))
  assert.equal(lines.length, 201)
  assert.ok(lines.includes('seen_total{client="other"} 4800'))
})

test('the same name gives the same metric, and gauges may be set just before they are read', async () => {
  const registry = createRegistry()
  registry.metric('counter', 'seen_total', 'Seen.').add()
  registry.metric('counter', 'seen_total', 'Seen.').add()
  registry.beforeText(() => registry.metric('gauge', 'now_seconds', 'Now.').set(5))
  const text = await registry.text()
  assert.match(text, /^seen_total 2$/m)
  assert.match(text, /^now_seconds 5$/m)
  assert.throws(() => registry.metric('gauge', 'bad name', 'x'))
})

test('what a label told of can be forgotten, and nothing else is', async () => {
  const registry = createRegistry()
  const lag = registry.metric('gauge', 'lag_bytes', 'Lag.')
  for (const source of ['a', 'b', 'x",source="a']) lag.set(5, { path: '/var', source })
  lag.clear({ source: 'a' })
  const lines = (await registry.text()).split('\n').filter((text) => text.startsWith('lag_bytes{'))
  assert.deepEqual(lines, [
    String.raw`lag_bytes{path="/var",source="b"} 5`,
    String.raw`lag_bytes{path="/var",source="x\",source=\"a"} 5`,
  ])
  lag.clear()
  assert.doesNotMatch(await registry.text(), /lag_bytes\{/)
})

test('promtool finds nothing to complain about', async () => {
  const registry = createRegistry()
  registry.metric('counter', 'seen_total', 'Seen.').add(3, { a: 'ü "x" \\ \n' })
  registry.metric('histogram', 'wait_seconds', 'Waits.', [0.1, 1]).observe(0.2, { a: 'b' })
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: await registry.text(), encoding: 'utf8' })
  assert.equal(checked.error, undefined)
  assert.equal(checked.stdout + checked.stderr, '')
  assert.equal(checked.status, 0)
})
