// Wakes a follower early: a watch on the folders of its files is a hint, the clock is the truth.
import { type FSWatcher, watch } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

/** Wake-ups closer together than this become one, so that a busy writer does not keep us awake for each line. */
const paceMs = 4
const rearmMs = 30_000

export class Hint implements Disposable {
  readonly #path: string
  #watchers = new Map<string, FSWatcher>()
  #hinted = false
  #wake: (() => void) | undefined
  #armedAt = -Infinity
  #wokeAt = 0

  constructor(path: string) {
    this.#path = path
  }

  /** Watches the folders of the path and of the file it leads to; cheap when nothing changed. */
  async arm(now: number): Promise<void> {
    const files = new Set([this.#path, await realpath(this.#path).catch(() => this.#path)])
    for (const [file, watcher] of this.#watchers) if (!files.has(file)) this.#drop(file, watcher)
    for (const file of files) if (!this.#watchers.has(file)) this.#watch(file)
    this.#armedAt = now
  }

  /** The clock found what no hint had told: the watch may be dead, as when its folder was made anew. */
  async missed(now: number): Promise<void> {
    if (now - this.#armedAt < rearmMs) return
    for (const [file, watcher] of this.#watchers) this.#drop(file, watcher)
    await this.arm(now)
  }

  /** True when a hint came before the time was over. */
  async wait(ms: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#hinted && !signal.aborted) await this.#sleep(ms, signal)
    const hinted = this.#hinted
    const early = this.#wokeAt + paceMs - performance.now()
    if (hinted && early > 0 && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, early))
    this.#wokeAt = performance.now()
    this.#hinted = false
    return hinted
  }

  [Symbol.dispose](): void {
    for (const [file, watcher] of this.#watchers) this.#drop(file, watcher)
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        this.#wake = undefined
        resolve()
      }
      const timer = setTimeout(wake, ms)
      signal.addEventListener('abort', wake, { once: true })
      this.#wake = wake
    })
  }

  #watch(file: string): void {
    const name = basename(file)
    try {
      const watcher = watch(dirname(file), (_, changed) => {
        if (changed !== null && changed !== name) return
        this.#hinted = true
        this.#wake?.()
      })
      watcher.on('error', () => this.#drop(file, watcher))
      this.#watchers.set(file, watcher)
    } catch {
      // No such folder, or no watches left: the clock alone will do.
    }
  }

  #drop(file: string, watcher: FSWatcher): void {
    watcher.close()
    this.#watchers.delete(file)
  }
}
