// Real restic repositories in a temporary folder, in every state a probe can meet; tests and examples share them.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, cp, mkdir, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { quickenKey } from './restic-quick-key.ts'

export interface ResticHouse extends AsyncDisposable {
  readonly folder: string
  readonly password: string
  /** For a program that runs restic: with `{module}` as the name, a probe fills in its own. */
  environment(name: string, password?: string): { readonly [name: string]: string }
  path(name: string): string
  /** One with a snapshot of a file of 1 MB; `at` is the time it gets. */
  make(name: string, at?: Date): Promise<string>
  makeEmpty(name: string): Promise<string>
  /** One more snapshot. */
  backUp(name: string, at: Date): Promise<void>
  /** A live restic with a shared lock: it waits for what it shall back up. */
  holdLock(name: string): Promise<LockHolder>
  /** A live restic with an exclusive lock, stopped in the middle of a check. */
  holdExclusiveLock(name: string): Promise<LockHolder>
  /** A lock of a restic that was killed; to make it old, look at it with a later clock. Its pid. */
  leaveLock(name: string): Promise<number>
  /** A lock file that no restic can read. */
  breakLock(name: string): Promise<void>
  removePack(name: string): Promise<void>
  removeIndex(name: string): Promise<void>
  damagePack(name: string): Promise<void>
  /** Runs restic; throws with what it said unless it succeeds. */
  restic(name: string, ...args: readonly string[]): Promise<string>
  /**
   * A folder for PATH with a `runagent` that knows `-m MODULE restic-wrapper --backup PLAN ARGS`, as NethServer 8 has it;
   * the repository is the one named after the module.
   */
  installRunagent(): Promise<string>
}

export interface LockHolder {
  readonly pid: number
  /** Ends it with SIGKILL: its lock stays. */
  kill(): Promise<void>
  /** Lets it end well: its lock goes. Only for a shared one. */
  finish(): Promise<void>
}

/** The folder and every restic it started are gone when it is disposed of. */
export async function createResticHouse(): Promise<ResticHouse> {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-restic-'))
  const password = 'correct horse'
  const holders: LockHolder[] = []
  const path = (name: string): string => join(folder, 'repositories', name)
  const environment: ResticHouse['environment'] = (name, word = password) => ({
    RESTIC_REPOSITORY: path(name),
    RESTIC_PASSWORD: word,
    RESTIC_CACHE_DIR: join(folder, 'cache'),
  })
  const restic: ResticHouse['restic'] = (name, ...args) => run(args, environment(name))
  const data = join(folder, 'data')
  await mkdir(data)
  await mkdir(path('.'), { recursive: true })
  await writeFile(join(data, 'large'), randomBytes(1_000_000))
  await writeFile(join(data, 'small'), 'hello\n')

  // One empty repository is made, and the others are copies of it.
  let empty: Promise<void> | undefined
  async function makeFirst(): Promise<void> {
    await restic('.empty', 'init')
    await quickenKey(path('.empty'), password)
  }
  async function makeEmpty(name: string): Promise<string> {
    await (empty ??= makeFirst())
    await cp(path('.empty'), path(name), { recursive: true })
    return path(name)
  }
  async function backUp(name: string, at: Date): Promise<void> {
    await restic(name, 'backup', data, '--time', toLocalTime(at))
  }
  async function make(name: string, at = new Date()): Promise<string> {
    await makeEmpty(name)
    await backUp(name, at)
    return path(name)
  }
  async function hold(name: string, args: readonly string[], stopped: boolean): Promise<LockHolder> {
    const child = spawn('restic', args, {
      env: { ...process.env, ...environment(name) },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const holder = toHolder(child)
    holders.push(holder)
    const before = await countLocks(path(name))
    while ((await countLocks(path(name))) === before) {
      if (child.exitCode !== null) throw new Error(`restic ${args.join(' ')} ended before it took a lock`)
      await wait(stopped ? 2 : 20)
    }
    if (stopped) child.kill('SIGSTOP')
    return holder
  }

  return {
    folder,
    password,
    environment,
    path,
    make,
    makeEmpty,
    backUp,
    restic,
    holdLock: (name) => hold(name, ['backup', '--stdin'], false),
    holdExclusiveLock: (name) => hold(name, ['check', '--read-data'], true),
    async leaveLock(name) {
      const holder = await hold(name, ['backup', '--stdin'], false)
      await holder.kill()
      return holder.pid
    },
    async breakLock(name) {
      await writeFile(join(path(name), 'locks', '1'.repeat(64)), 'no lock')
    },
    async removePack(name) {
      await rm(await findLargest(join(path(name), 'data')))
    },
    async removeIndex(name) {
      for (const file of await listFiles(join(path(name), 'index'))) await rm(file)
    },
    async damagePack(name) {
      await overwrite(await findLargest(join(path(name), 'data')), 2000)
    },
    async installRunagent() {
      const programs = join(folder, 'bin')
      await mkdir(programs, { recursive: true })
      await writeFile(join(programs, 'runagent'), toRunagent(environment('')), { mode: 0o755 })
      return programs
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(holders.map((holder) => holder.kill()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function run(args: readonly string[], environment: { readonly [name: string]: string }): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = spawn('restic', args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, error] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text))
  child.once('error', reject)
  child.once('close', (code) => {
    if (code === 0) resolve(out)
    else reject(new Error(`restic ${args.join(' ')} ended with ${code}: ${error}`))
  })
  return promise
}

function toHolder(child: ChildProcess): LockHolder {
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  return {
    pid: child.pid ?? 0,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async finish() {
      child.stdin?.end('done\n')
      await ended
    },
  }
}

/** As restic reads it: in the zone of the machine. */
function toLocalTime(at: Date): string {
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 19).replace('T', ' ')
}

async function countLocks(repository: string): Promise<number> {
  return (await readdir(join(repository, 'locks'))).filter((name) => /^[0-9a-f]{64}$/.test(name)).length
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

async function findLargest(folder: string): Promise<string> {
  const sized = await Promise.all(
    (await listFiles(folder)).map(async (file) => ({ file, size: (await stat(file)).size })),
  )
  const largest = sized.sort((a, b) => b.size - a.size)[0]
  if (largest === undefined) throw new Error(`${folder} holds no file`)
  return largest.file
}

async function overwrite(file: string, position: number): Promise<void> {
  await chmod(file, 0o600)
  await using handle = await open(file, 'r+')
  await handle.write('damage', position)
}

function toRunagent(environment: { readonly [name: string]: string }): string {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'`)
  return `#!/bin/sh
[ "$1" = -m ] && [ "$3" = restic-wrapper ] && [ "$4" = --backup ] || exit 2
${exports.join('\n')}
RESTIC_REPOSITORY="$RESTIC_REPOSITORY/$2"
if [ ! -d "$RESTIC_REPOSITORY" ]; then
  echo "[FATAL] Cannot find environment for module $2" >&2
  exit 1
fi
shift 5
exec restic "$@"
`
}
