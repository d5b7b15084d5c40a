// Starts programs that run on after this script, and ends them by their process ids.
import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

export interface Program {
  readonly url: string
  readonly port: number
  readonly pid: number
}

/** Where they keep all they write, and the process ids of those that were started. */
export interface House {
  readonly folder: string
  readonly pids: number[]
}

const startedWithinMs = 20_000

/** Runs on when this script has ended; what it says goes to a file in the folder. */
export async function launch({ folder, pids }: House, program: string, args: readonly string[]): Promise<number> {
  const log = await open(join(folder, `${program}.log`), 'w')
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log.fd, log.fd] })
  const failure = new Promise<never>((_, reject) => {
    child.once('error', () => reject(new Error(`${program} cannot be started; on Debian: apt-get install ${program}`)))
  })
  await Promise.race([new Promise((resolve) => child.once('spawn', resolve)), failure])
  child.unref()
  await log.close()
  pids.push(child.pid ?? 0)
  return child.pid ?? 0
}

export async function until(what: string, { folder }: House, works: () => Promise<unknown>): Promise<void> {
  for (const endAt = Date.now() + startedWithinMs; ; await wait(50)) {
    try {
      await works()
      return
    } catch (error) {
      if (Date.now() < endAt) continue
      const said = await readFile(join(folder, `${what}.log`), 'utf8').catch(() => '')
      throw new Error(`${what} did not start: ${said.slice(-2000)}`, { cause: error })
    }
  }
}

/** Only if it is still the one that was started for this folder. */
export async function end(pid: number, folder: string): Promise<void> {
  const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  if (words.includes(folder)) process.kill(pid, 'SIGKILL')
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
