// Asks the real systemd what calendar expressions mean: one process for many of them.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

export interface Question {
  readonly expressions: readonly string[]
  /** Milliseconds since 1970. */
  readonly after: number
  /** The zone of the machine. */
  readonly zone: string
  readonly iterations: number
}

export type Answer =
  | {
      readonly verdict: 'taken'
      /** The normal form. */
      readonly normal: string
      /** Milliseconds since 1970, fractions of a second cut off. */
      readonly elapses: readonly number[]
    }
  /** `gave up`: the expression is good, but systemd got lost in its own arithmetic. */
  | { readonly verdict: 'refused' | 'gave up' }

export function askSystemd({ expressions, after, zone, iterations }: Question): readonly Answer[] {
  assert.ok(existsSync(`/usr/share/zoneinfo/${zone}`), "Debian's package 'tzdata' is missing, without which all is UTC")
  const base = new Date(after).toISOString().replace('T', ' ').replace('Z', ' UTC')
  const args = ['calendar', `--base-time=${base}`, `--iterations=${iterations}`, '--', ...expressions]
  const { stdout, stderr, error } = spawnSync('systemd-analyze', args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', TZ: zone, LC_ALL: 'C.UTF-8' },
    maxBuffer: 1 << 26,
    timeout: 60_000,
  })
  assert.equal(error, undefined)
  const blocks = stdout.split(/\n\n+/).filter((block) => block.trim() !== '')
  const refused = [...stderr.matchAll(/^Failed to parse calendar specification '(.*)': [^'\n]*$/gm)].map(
    (match) => match[1],
  )
  const gaveUp = [...stderr.matchAll(/^Failed to determine next elapse for '(.*)': [^'\n]*$/gm)].map(
    (match) => match[1],
  )
  assert.equal(blocks.length + refused.length + gaveUp.length, expressions.length, stderr)
  return expressions.map((expression) => {
    for (const [verdict, list] of [
      ['refused', refused],
      ['gave up', gaveUp],
    ] as const)
      if (list[0] === expression) {
        list.shift()
        return { verdict }
      }
    return { verdict: 'taken', ...readBlock(blocks.shift() ?? '') }
  })
}

/** The line with the time in UTC follows that of the zone, unless that is UTC. */
function readBlock(block: string): { readonly normal: string; readonly elapses: readonly number[] } {
  const normal = /^ *Normalized form: (.*)$/m.exec(block)?.[1] ?? ''
  const elapses: number[] = []
  for (const [, what = '', time = ''] of block.matchAll(/^ *(Next elapse|Iter\. #\d+|\(in UTC\)): (.*)$/gm)) {
    if (time === 'never') continue
    const [, at = '', zone = ''] = /^\w+ (\S+ \S+) (\S+)$/.exec(time) ?? []
    if (what !== '(in UTC)') elapses.push(NaN)
    if (zone === 'UTC') elapses[elapses.length - 1] = Date.parse(`${at.replace(' ', 'T')}Z`)
  }
  assert.ok(normal !== '', block)
  assert.ok(
    elapses.every((at) => !Number.isNaN(at)),
    block,
  )
  return { normal, elapses }
}
