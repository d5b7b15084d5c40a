// A program runs without a shell, says only so much, and is gone with all it started when its time is up.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { createTail, runCommand } from './command.ts'

const node = process.execPath
const long = { timeoutMs: 60_000 }

test('arguments arrive as they are, whatever a shell would make of them', async () => {
  const args = ['; touch x', '$(id)', '`id`', '*', 'a b', '', '-n', '\n', "'", '"']
  const end = await runCommand([node, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...args], long)
  assert.deepEqual(JSON.parse(end.stdout), args)
  assert.deepEqual([end.exit, end.timedOut, end.stderr, end.signal], [0, false, '', undefined])
})

test('both outputs, the exit code and the environment pass through', async () => {
  const script = 'console.log(process.env.WORD); console.error("bad"); process.exitCode = 7'
  const end = await runCommand([node, '-e', script], { ...long, environment: { WORD: 'hey' } })
  assert.deepEqual([end.exit, end.stdout, end.stderr], [7, 'hey\n', 'bad\n'])
})

test('what cannot be started ends as in a shell, and says why', async () => {
  const missing = await runCommand(['sereno-no-such-program'], long)
  assert.deepEqual([missing.exit, missing.stderr], [127, 'sereno-no-such-program: command not found'])
  const folder = await runCommand([tmpdir()], long)
  assert.equal(folder.exit, 126)
  assert.match(folder.stderr, /: cannot be started: .*EACCES/)
  assert.equal((await runCommand([node, 'a\0b'], long)).exit, 126)
  assert.equal((await runCommand([], long)).exit, 126)
})

test('a program that somebody kills has a signal and no code', async () => {
  const end = await runCommand([node, '-e', 'process.kill(process.pid, "SIGKILL")'], long)
  assert.deepEqual([end.exit, end.signal, end.timedOut], [undefined, 'SIGKILL', false])
})

test('of a flood the last lines are kept, whole', async () => {
  const script = `for (let i = 0; i < 100000; i += 1) require('fs').writeSync(i % 2 + 1, 'line ' + i + '\\n')`
  const end = await runCommand([node, '-e', script], { ...long, maxBytes: 1000 })
  assert.equal(end.exit, 0)
  for (const [text, last] of [
    [end.stdout, 99_998],
    [end.stderr, 99_999],
  ] as const) {
    assert.ok(text.length <= 1000 && text.length > 900, `${text.length}`)
    assert.match(text, new RegExp(`^line \\d{5}\\n[^]*\\nline ${last}\\n$`))
  }
})

test('a tail is the end of its stream, from the beginning of a line if it has one', () => {
  const chunk = fc
    .array(fc.constantFrom('a', 'bc', '\n', 'longer text'), { maxLength: 6 })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 40 }), fc.integer({ min: 1, max: 40 }), (chunks, maxBytes) => {
      const tail = createTail(maxBytes)
      for (const text of chunks) tail.push(Buffer.from(text))
      const whole = chunks.join('')
      const kept = tail.text()
      if (whole.length <= maxBytes) return assert.equal(kept, whole)
      const last = whole.slice(-maxBytes)
      assert.equal(kept, last.slice(last.indexOf('\n') + 1))
    }),
  )
})

test('after its time a program is told to end', async (t) => {
  const place = await createPlace(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const running = runCommand([node, '-e', sayReady('setInterval(() => {}, 1e6)'), place], { timeoutMs: 5000 })
  const pid = Number(await readWhenThere(place))
  t.mock.timers.tick(5000)
  const end = await running
  assert.deepEqual([end.timedOut, end.exit, end.signal], [true, undefined, 'SIGTERM'])
  assert.ok(!isAlive(pid))
})

test('one that does not listen is killed, with what it started', async (t) => {
  const place = await createPlace(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const deaf = `process.on('SIGTERM', () => require('fs').writeFileSync(process.argv[1] + '.told', 'told')); setInterval(() => {}, 1e6)`
  const child = sayReady(deaf)
  const parent = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}, process.argv[1] + '.child'], { stdio: 'inherit' }); ${sayReady(deaf)}`
  const running = runCommand([node, '-e', parent, place], { timeoutMs: 5000, killAfterMs: 700 })
  const pids = [Number(await readWhenThere(place)), Number(await readWhenThere(`${place}.child`))]
  t.mock.timers.tick(5000)
  await readWhenThere(`${place}.told`)
  await readWhenThere(`${place}.child.told`)
  assert.deepEqual(pids.map(isAlive), [true, true])
  t.mock.timers.tick(700)
  const end = await running
  assert.deepEqual([end.timedOut, end.signal], [true, 'SIGKILL'])
  await until(() => !pids.some(isAlive))
})

test('a grandchild that keeps the pipes open does not keep us waiting', async (t) => {
  const place = await createPlace(t)
  const child = sayReady('setInterval(() => {}, 1e6)')
  const parent = `const c = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}, process.argv[1]], { stdio: 'inherit' }); c.unref(); console.log('done')`
  const end = await runCommand([node, '-e', parent, place], long)
  assert.deepEqual([end.exit, end.stdout, end.timedOut], [0, 'done\n', false])
  await until(
    async () => !(await readFile(place, 'utf8').catch(() => '')) || !isAlive(Number(await readFile(place, 'utf8'))),
  )
})

test('aborted, it is gone before the caller hears of it', async (t) => {
  const place = await createPlace(t)
  const leaving = new AbortController()
  const running = runCommand([node, '-e', sayReady('setInterval(() => {}, 1e6)'), place], {
    ...long,
    signal: leaving.signal,
  })
  const pid = Number(await readWhenThere(place))
  leaving.abort(new Error('enough'))
  await assert.rejects(running, /enough/)
  assert.ok(!isAlive(pid))
  await assert.rejects(runCommand([node, '-e', ''], { ...long, signal: leaving.signal }), /enough/)
})

/** Writes its pid to the path it is given once the code has run. */
function sayReady(code: string): string {
  return `${code}; require('fs').writeFileSync(process.argv[1] + '.new', String(process.pid)); require('fs').renameSync(process.argv[1] + '.new', process.argv[1])`
}

async function createPlace(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-command-'))
  t.after(() => rm(folder, { recursive: true }))
  return join(folder, 'pid')
}

async function readWhenThere(path: string): Promise<string> {
  let text = ''
  await until(async () => (text = await readFile(path, 'utf8').catch(() => '')) !== '')
  return text
}

/** By turns of the event loop, since the clock of these tests stands; the runner's time limit ends what never comes. */
async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setImmediate(resolve))
}

/** One that has ended and that nobody has asked for its code yet is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
