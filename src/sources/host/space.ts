// How full each file system is. One that does not answer, such as that of an NFS server which is gone, holds up nobody.
import { statfs } from 'node:fs/promises'
import { runCommand } from '../../lib/command.ts'
import { isRemote, type Mount, pickMounts } from '../../lib/mounts.ts'
import { printable } from '../../lib/printable.ts'
import { diskMetrics, filesystemMetrics, type Metrics, type Space } from '../../source-host.ts'
import { createPatience } from './patience.ts'

export interface Spaces {
  /** `mounts` as this process sees them. */
  read(mounts: readonly Mount[]): Promise<Metrics>
}

export interface SpacesTools {
  /** Where the host's `/` is seen. */
  readonly root: string
  /** The program of this name of coreutils or BusyBox. */
  readonly stat: string
  readonly deadlineMs: number
  /** Ends what is still asked. */
  readonly signal: AbortSignal
  /** Once per outage, and once at its end. */
  say(level: 'info' | 'warn', message: string): void
}

/** Five series each. */
const mostMounts = 64

export function createSpaces({ root, stat, deadlineMs, signal, say }: SpacesTools): Spaces {
  const patience = createPatience(deadlineMs)
  const silent = new Set<string>()

  async function look(point: string, remote: boolean): Promise<Space | undefined> {
    const space = await patience
      .ask(point, () => (remote ? askProgram(stat, point, { timeoutMs: deadlineMs, signal }) : askKernel(point)))
      .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
    if (space !== undefined && !(space instanceof Error)) {
      if (silent.delete(point)) say('info', `the file system at ${printable(point)} answers again`)
      return space
    }
    if (!silent.has(point) && !signal.aborted) {
      silent.add(point)
      const why =
        space === undefined ? `does not answer within ${deadlineMs / 1000} s` : `cannot be asked: ${codeOf(space)}`
      say('warn', `the file system at ${printable(point)} ${why}; its series are left out until it does`)
    }
    return undefined
  }

  return {
    async read(mounts) {
      const seen = mounts.flatMap((mount) => {
        const point = withoutRoot(mount.point, root)
        return point === undefined ? [] : [{ ...mount, point, path: mount.point }]
      })
      const picked = pickMounts(seen).slice(0, mostMounts)
      const paths = new Map(seen.map(({ point, path }) => [point, path]))
      const found = await Promise.all(
        picked.map(async (mount) => [mount.point, await look(paths.get(mount.point) ?? '', isRemote(mount))] as const),
      )
      const metrics: { [series: string]: number } = {}
      for (const [point, space] of found)
        if (space !== undefined) Object.assign(metrics, filesystemMetrics(point, space))
      // In a container the host's `/` may be no file system of those that are listed, and is asked for all the same.
      const whole = picked.some(({ point }) => point === '/')
        ? found.find(([point]) => point === '/')?.[1]
        : await look(
            root,
            seen.some((mount) => mount.point === '/' && isRemote(mount)),
          )
      return whole === undefined ? metrics : { ...diskMetrics(whole), ...metrics }
    },
  }
}

/** As the host has it; undefined: it lies elsewhere. */
function withoutRoot(point: string, root: string): string | undefined {
  if (root === '/') return point
  if (point === root) return '/'
  return point.startsWith(`${root}/`) ? point.slice(root.length) : undefined
}

type Limits = { readonly timeoutMs: number; readonly signal: AbortSignal }

async function askKernel(path: string): Promise<Space> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path)
  return { total: blocks * bsize, free: bfree * bsize, available: bavail * bsize, files, filesFree: ffree }
}

/**
 * Not by ourselves: a call that hangs takes one of the few threads that also look up names, and Node cannot end while it
 * hangs (process.exit waits for those threads). A program can be killed.
 */
async function askProgram(program: string, path: string, limits: Limits): Promise<Space> {
  const words = [program, '-f', '-c', '%b %f %a %S %c %d', '--', path]
  const environment = { PATH: process.env['PATH'], LC_ALL: 'C' }
  const { exit, stdout, timedOut } = await runCommand(words, {
    ...limits,
    environment,
    killAfterMs: 200,
    maxBytes: 4096,
  })
  if (timedOut) throw new Error(`no answer within ${limits.timeoutMs / 1000} s`)
  const numbers = stdout.trim().split(' ').map(Number)
  const [blocks = 0, free = 0, available = 0, size = 0, files = 0, filesFree = 0] = numbers
  if (exit !== 0 || numbers.length !== 6 || !numbers.every(Number.isFinite)) throw new Error(`stat ended with ${exit}`)
  return { total: blocks * size, free: free * size, available: available * size, files, filesFree }
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message
}
