// Notices that the store refuses, and tries it with a small write until it takes one: so readiness comes back by itself.
import type { Log } from '../source.ts'
import type { Store } from '../store/store.ts'
import type { Observer } from './observe.ts'

export interface StoreWatch {
  /** Something could not be stored; nothing of it was kept. */
  failed(what: string, error: unknown): void
  stop(): void
}

export interface StoreWatchTools {
  readonly store: Store
  readonly observer: Observer
  readonly log: Log
}

const tryEveryMs = 2000
/** Some pages, so that a disk with room for next to nothing does not pass. */
const trial = 'x'.repeat(32_768)

export function watchStore({ store, observer, log }: StoreWatchTools): StoreWatch {
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  async function attempt(): Promise<void> {
    try {
      await store.commit({ settings: [['trial', trial]] })
      await store.commit({ settings: [['trial', '']] })
      timer = undefined
      observer.storeWorks(log)
    } catch (error) {
      observer.storeFailed('a trial write', error, log)
      plan()
    }
  }

  function plan(): void {
    if (stopped) return
    timer = setTimeout(() => void attempt(), tryEveryMs)
    timer.unref()
  }

  return {
    failed(what, error) {
      observer.storeFailed(what, error, log)
      if (timer === undefined) plan()
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
