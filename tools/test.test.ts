// The test runner itself: nothing that failed, was left out or never ran may end as passed.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const home = await mkdtemp(join(tmpdir(), 'sereno-runner-'))
after(() => rm(home, { recursive: true }))
await cp(join(root, 'tools'), join(home, 'tools'), { recursive: true })
await symlink(join(root, 'node_modules'), join(home, 'node_modules'))
await mkdir(join(home, 'test'))

const head = "import { test } from 'node:test'\n"
const planted = {
  good: `${head}test('one', () => {})\ntest('two', async (t) => { await t.test('inner', () => {}) })`,
  bad: `${head}test('fine', () => {})\ntest('broken', () => { throw new Error('as planted') })`,
  empty: 'export {}',
  garbled: 'import {',
  left: `${head}test('here', () => {})\ntest('later', { skip: true }, () => {})`,
  exits: `${head}test('one', () => {})\ntest('two', () => process.exit(0))\ntest('three', () => { throw new Error('hidden') })`,
  late: `${head}test('one', () => { Promise.reject(new Error('nobody waited')) })`,
  mute: `${head}test('one', async () => { await new Promise((go) => setTimeout(go, 50)) })\ntest('two', async () => { await new Promise((go) => setTimeout(go, 50)); process.stdout.write = (_chunk, ...rest) => { rest.at(-1)?.(); return true } })\ntest('three', () => { throw new Error('unheard') })`,
  open: `${head}import { createServer } from 'node:net'\ntest('leaves a server', () => { createServer().listen(0, '127.0.0.1') })`,
}
for (const [name, text] of Object.entries(planted)) await writeFile(join(home, 'test', `${name}.test.ts`), text)

function runTests(filter: string, strict = false) {
  const { NODE_TEST_CONTEXT: _, CI: __, ...env } = process.env
  const child = spawnSync(process.execPath, [join(home, 'tools/test.ts'), filter], {
    cwd: home,
    env: { ...env, ...(strict && { CI: 'true' }) },
    encoding: 'utf8',
  })
  return { status: child.status, output: child.stdout, last: child.stdout.trimEnd().split('\n').at(-1) }
}

test('tests that pass are counted, inner ones too', () => {
  const { status, output, last } = runTests('good')
  assert.deepEqual([status, last], [0, '3 passed, 0 failed'])
  assert.match(output, /^ok {4}test\/good\.test\.ts .* 3 tests +\d+\.\d s$/m)
})

test('a failing test is told whole and fails the run', () => {
  const { status, output, last } = runTests('bad')
  assert.deepEqual([status, last], [1, '1 passed, 1 failed'])
  assert.match(output, /^FAIL +test\/bad\.test\.ts[^]*broken[^]*as planted/m)
})

test('a file without tests fails, and so does one that cannot be read', () => {
  for (const name of ['empty', 'garbled']) assert.deepEqual(runTests(name).last, '0 passed, 1 failed', name)
})

test('results that never arrive fail, whatever else passed', () => {
  const { status, output } = runTests('mute')
  assert.equal(status, 1)
  assert.match(output, /^FAIL +test\/mute\.test\.ts[^]*results were lost: \d came/m)
})

test('a run of no file at all fails', () => {
  const { status, last } = runTests('no-such-file')
  assert.deepEqual([status, last], [1, '0 passed, 1 failed'])
})

test('a skipped test is named, and fails the run where everything must be there', () => {
  const { status, output, last } = runTests('left')
  assert.deepEqual([status, last], [0, '1 passed, 0 failed'])
  assert.match(output, /not run: later/)
  assert.equal(runTests('left', true).status, 1)
})

test('an early exit hides no test', () => {
  const { status, last } = runTests('exits')
  assert.deepEqual([status, last], [1, '1 passed, 2 failed'])
})

test('a rejection that nobody awaited fails the file', () => {
  const { status, output } = runTests('late')
  assert.equal(status, 1)
  assert.match(output, /nobody waited/)
})

test('a server left open does not hold up the run', () => {
  assert.equal(runTests('open').status, 0)
})
