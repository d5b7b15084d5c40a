// What is kept of a stage between its start and its finish: when it began, and how its parts have ended.
import { createHash, randomUUID } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { results, type Result } from '../lib/kvp/event.ts'
import { privateFolder } from '../lib/runtime-folder.ts'

export interface Child {
  readonly name: string
  readonly result: Result
  readonly durationSeconds?: number
}

export interface OpenStage {
  readonly name: string
  /** Absent: its start was not told here. */
  readonly uptimeSeconds?: number
  readonly children: readonly Child[]
}

/** Tell the commands of a stage whose parts they are. */
export const stageVariable = 'SERENO_STAGE'
export const stageFileVariable = 'SERENO_STAGE_FILE'

const mostChildren = 1000

/** With the names of the stages it is run in before it. */
export function fullName(name: string, env = process.env): string {
  const parent = env[stageVariable] ?? ''
  return parent === '' ? name : `${parent}/${name}`
}

/** The file of a stage that several commands know by its name, or of one that a single command begins and ends. */
export function fileOf(name: string | undefined): string {
  const id = name === undefined ? randomUUID() : createHash('sha256').update(name).digest('hex').slice(0, 24)
  return join(privateFolder('sereno-stages'), `${id}.jsonl`)
}

export function openStage(file: string, name: string): void {
  writeFileSync(file, `${JSON.stringify({ name, uptimeSeconds: uptime() })}\n`, { mode: 0o600 })
}

/** Its parts are those that were noted since it was opened. */
export function closeStage(file: string, name: string): OpenStage {
  const [first, ...children] = readLines(file)
  rmSync(file, { force: true })
  const { uptimeSeconds } = (first ?? {}) as { readonly uptimeSeconds?: unknown }
  return {
    name,
    ...(typeof uptimeSeconds === 'number' ? { uptimeSeconds } : {}),
    children: children.flatMap(readChild).slice(0, mostChildren),
  }
}

/** For the nearest stage around it that is open: that of the environment, or one known by its name. */
export function noteChild(child: Child, env = process.env): void {
  const around = env[stageVariable] ?? ''
  for (let name = child.name; name.includes('/');) {
    name = name.slice(0, name.lastIndexOf('/'))
    const known = fileOf(name)
    const given = name === around ? (env[stageFileVariable] ?? '') : ''
    // Nothing else is written to, whatever the environment says.
    const file = dirname(given) === dirname(known) ? given : known
    if (!existsSync(file)) continue
    appendFileSync(file, `${JSON.stringify(child)}\n`)
    return
  }
}

/** Seconds since the boot: no clock that is set meanwhile changes how long a stage took. */
export function uptime(): number {
  return Number(process.hrtime.bigint() / 1_000_000n) / 1000
}

export function worst(own: Result, children: readonly Child[]): Result {
  const all = [own, ...children.map(({ result }) => result)]
  return results[Math.max(...all.map((result) => results.indexOf(result)))] ?? own
}

function readLines(file: string): unknown[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return []
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      try {
        return JSON.parse(line) as unknown
      } catch {
        return undefined
      }
    })
}

function readChild(value: unknown): Child[] {
  const { name, result, durationSeconds } = (value ?? {}) as { [key in keyof Child]?: unknown }
  const known = results.find((one) => one === result)
  if (typeof name !== 'string' || known === undefined) return []
  return [{ name, result: known, ...(typeof durationSeconds === 'number' ? { durationSeconds } : {}) }]
}
