// Time that runs faster, the same for all programs that are started with it: Debian's faketime around each of them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'

export interface FakeTime extends AsyncDisposable {
  /** For every program that shall live in this time; those they start live in it too. */
  readonly env: { readonly [name: string]: string }
  /** What time it is there. */
  now(): number
}

const library = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path))

export const hasFakeTime = library !== undefined && existsSync('/usr/bin/faketime')

/** `start` in whole seconds. Deadlines of programs run as fast: at 60 a request has 0.25 s for each 15 s it would have. */
export async function startFakeTime(start: Date, rate: number): Promise<FakeTime> {
  const spec = `@${start.toISOString().slice(0, 19).replace('T', ' ')} x${rate}`
  const common = { FAKETIME_DONT_RESET: '1', TZ: 'UTC' }
  // It holds the memory in which programs find when this time began, for as long as its input is open.
  const holder = spawn(
    'faketime',
    ['-f', spec, 'sh', '-c', 'echo "$FAKETIME_SHARED"; date >/dev/null; exec cat >/dev/null'],
    {
      env: { ...process.env, ...common },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const startedAt = Date.now()
  const [shared] = (await once(holder.stdout.setEncoding('utf8'), 'data')) as [string]
  const ended = once(holder, 'exit')
  return {
    env: { ...common, LD_PRELOAD: library ?? '', FAKETIME: spec, FAKETIME_SHARED: shared.trim() },
    now: () => start.getTime() + (Date.now() - startedAt) * rate,
    async [Symbol.asyncDispose]() {
      holder.stdin.end()
      await ended
    },
  }
}
