// Loaded into a hub by --import: watches how long a turn of the main thread's event loop takes. On SIGUSR2 it writes
// what it saw since the last time into $SERENO_BENCH_PROBE.
import { renameSync, writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

export interface LoopSeen {
  readonly turns: number
  /** The longest turn by the clock on the wall; on a shared machine that counts what others did meanwhile. */
  readonly longestMs: number
  /** The most processor time that the main thread used in one turn. */
  readonly busiestMs: number
  /** Turns that used more than 20 ms of it. */
  readonly over20: number
}

if (isMainThread) watchLoop(process.env['SERENO_BENCH_PROBE'] ?? '')

function watchLoop(path: string): void {
  let seen = { turns: 0, longestMs: 0, busiestMs: 0, over20: 0 }
  let lastAt = performance.now()
  let lastBusy = busyMs()
  setInterval(() => {
    const [now, busy] = [performance.now(), busyMs()]
    const used = busy - lastBusy
    seen = {
      turns: seen.turns + 1,
      longestMs: Math.max(seen.longestMs, now - lastAt),
      busiestMs: Math.max(seen.busiestMs, used),
      over20: seen.over20 + (used > 20 ? 1 : 0),
    }
    lastAt = now
    lastBusy = busy
  }, 1).unref()
  process.on('SIGUSR2', () => {
    writeFileSync(`${path}.new`, JSON.stringify(seen))
    renameSync(`${path}.new`, path)
    seen = { turns: 0, longestMs: 0, busiestMs: 0, over20: 0 }
  })
}

function busyMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
