// Looks at the code without running it: types, lint, format, generated files and the rules of the house.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findHouseFaults } from './house.ts'
import { isCurrent } from './kinds.ts'

export interface CheckResult {
  readonly name: string
  readonly ok: boolean
  readonly output: string
  readonly seconds: number
}

type Finding = { readonly ok: boolean; readonly output: string }

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const checks: { readonly [name: string]: () => Promise<Finding> } = {
  types: () => runScript('node_modules/typescript/bin/tsc', '-p', '.'),
  lint: () => runScript('node_modules/oxlint/bin/oxlint', '--deny-warnings'),
  format: () => runScript('node_modules/oxfmt/bin/oxfmt', '--check'),
  kinds: async () => ({
    ok: await isCurrent(root),
    output: "src/kinds.ts differs from the folders of kinds. Run 'npm run build'.",
  }),
  house: async () => {
    const faults = findHouseFaults(root)
    return { ok: faults.length === 0, output: faults.join('\n') }
  },
  ...(existsSync(join(root, 'tools/reference.ts')) && {
    reference: () => runScript('tools/reference.ts', '--check'),
  }),
}

/** One after the other: each uses all processors by itself. */
export async function* runChecks(): AsyncGenerator<CheckResult> {
  for (const [name, check] of Object.entries(checks)) {
    const startedAt = performance.now()
    const { ok, output } = await check()
    yield { name, ok, output: ok ? '' : output.trim(), seconds: (performance.now() - startedAt) / 1000 }
  }
}

function runScript(path: string, ...args: readonly string[]): Promise<Finding> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path, ...args], { cwd: root })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(chunks).toString() }))
  })
}

export function reportCheck({ name, ok, output, seconds }: CheckResult): void {
  console.log(`${ok ? 'ok  ' : 'FAIL'}  check ${name.padEnd(50)} ${seconds.toFixed(1).padStart(6)} s`)
  if (!ok) console.log(output.replace(/^/gm, '      '))
}

if (import.meta.main) {
  for await (const result of runChecks()) {
    reportCheck(result)
    if (!result.ok) process.exitCode = 1
  }
}
