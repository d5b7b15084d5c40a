// Runs the checks and every test file, each in a process of its own. Arguments are parts of paths: only those files run.
import { run } from 'node:test'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { reportCheck, runChecks } from './check.ts'
import { listTests } from './tree.ts'

interface FileResult {
  passed: number
  failed: number
  /** Titles of tests that did not run. */
  readonly left: string[]
  readonly failures: string[]
  readonly output: string[]
}

type Told = {
  readonly name: string
  readonly file?: string
  readonly line?: number
  readonly skip?: string | boolean
  readonly todo?: string | boolean
  readonly details: { readonly type?: string; readonly error?: unknown }
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const concurrency = 2
const minute = 60_000

/** These kill or fill things many times over, or live through an hour; they start first, the hour before all others. */
const long = /hour|kill|crash|model|disk|drop-in|bench|flows|examples/
const longest = /hour/

const strict = process.env['CI'] === 'true'
const totals = { passed: 0, failed: 0, left: 0 }

/** A person's own settings must not change what the tests see. */
for (const name of ['SERENO_CONFIG', 'SERENO_DATA', 'SLACK_WEBHOOK_URL', 'NODE_OPTIONS']) delete process.env[name]

const filters = process.argv.slice(2)
if (filters.length === 0) await check()
await testAll(listTests(root).filter((path) => filters.length === 0 || filters.some((part) => path.includes(part))))
finish()

async function check(): Promise<void> {
  for await (const result of runChecks()) {
    reportCheck(result)
    totals[result.ok ? 'passed' : 'failed'] += 1
  }
}

async function testAll(paths: readonly string[]): Promise<void> {
  const weight = (path: string): number => Number(long.test(path)) + Number(longest.test(path))
  const queue = [...paths].sort((a, b) => weight(b) - weight(a))
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let path = queue.shift(); path !== undefined; path = queue.shift()) await testOne(path)
    }),
  )
  if (paths.length > 0) return
  console.log('no test file was found')
  totals.failed += 1
}

async function testOne(path: string): Promise<void> {
  const startedAt = performance.now()
  const result = await runFile(path)
  if (result.passed + result.failed + result.left.length === 0) {
    result.failed += 1
    result.failures.push('no test ran in this file')
  }
  report(path, result, (performance.now() - startedAt) / 1000)
  totals.passed += result.passed
  totals.failed += result.failed
  totals.left += result.left.length
}

async function runFile(path: string): Promise<FileResult> {
  const result: FileResult = { passed: 0, failed: 0, left: [], failures: [], output: [] }
  const file = join(root, path)
  const timeout = (long.test(path) ? 15 : 5) * minute
  let succeeded = true
  let told: number | undefined
  const events = run({
    files: [file],
    cwd: root,
    isolation: 'process',
    concurrency: false,
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', join(root, 'tools/test-setup.ts')],
    forceExit: true,
    timeout,
  })
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') result.output.push(data.message)
    // A file in which no test was defined is told as one passed test with the file's name.
    else if (type === 'test:pass' && data.name !== file) countPass(result, data)
    else if (type === 'test:fail') countFailure(result, data)
    else if (type === 'test:diagnostic' && /^(Error|Warning):/.test(data.message))
      result.output.push(`${data.message}\n`)
    else if (type === 'test:summary') {
      succeeded &&= data.success
      // The file's own count comes last: what is missing before it was lost on the way.
      if (data.file !== undefined) told = data.counts.tests
    }
  }
  const came = result.passed + result.failed + result.left.length
  if (came > 0 && result.failed === 0 && told !== came) {
    result.failed += 1
    result.failures.push(`results were lost: ${came} came, of ${told ?? 'a number that the file did not tell'}`)
  }
  if (!succeeded && result.failed === 0) {
    result.failed += 1
    result.failures.push('something failed outside of the tests')
  }
  return result
}

function countPass(result: FileResult, told: Told): void {
  if (told.skip !== undefined || told.todo !== undefined) result.left.push(told.name)
  else if (told.details.type !== 'suite') result.passed += 1
}

function countFailure(result: FileResult, told: Told): void {
  const error = told.details.error as { failureType?: string; cause?: unknown }
  const isSuite = told.details.type === 'suite'
  if (error.failureType === 'subtestsFailed' && isSuite) return
  result.failed += 1
  if (error.failureType === 'subtestsFailed') return
  const cause = error.cause instanceof Error ? error.cause : error
  result.failures.push(`${told.name} (line ${told.line ?? '?'})\n${inspect(cause, { colors: false, depth: 6 })}`)
}

function report(path: string, result: FileResult, seconds: number): void {
  const ok = result.failed === 0
  const count = `${result.passed + result.failed} tests`
  console.log(`${ok ? 'ok  ' : 'FAIL'}  ${path.padEnd(46)} ${count.padStart(10)} ${seconds.toFixed(1).padStart(6)} s`)
  for (const title of result.left) console.log(`      not run: ${title}`)
  if (ok) return
  for (const failure of result.failures) console.log(failure.replace(/^/gm, '      '))
  const output = result.output.join('').trimEnd()
  if (output !== '') console.log(`      -- what it printed --\n${output.slice(-20_000).replace(/^/gm, '      ')}`)
}

function finish(): void {
  if (totals.left > 0) console.log(`${totals.left} not run`)
  if (totals.failed > 0 || totals.passed === 0 || (strict && totals.left > 0)) process.exitCode = 1
  console.log(`${totals.passed} passed, ${totals.failed} failed`)
}
