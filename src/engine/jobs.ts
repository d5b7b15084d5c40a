// Wakes when a job is due and hands it in as an input; the rows in the store are the truth, this only knows the next time.
import type { Store } from '../store/store.ts'
import type { Job } from '../words.ts'
import type { Clock } from './clock.ts'
import type { Intake } from './intake.ts'
import { Mistake } from './mistake.ts'

export interface Jobs {
  /** A job may be due earlier than the one we wait for. */
  expect(dueAt: number): void
  /** The wall clock was stepped: what we wait for may be due by now, or later than we thought. */
  clockStepped(): void
  /** Jobs of a source that reads old input wait until it has caught up. */
  catchingUp(source: string, yes: boolean): void
  start(): void
  stop(): void
  readonly busy: boolean
}

export interface JobsTools {
  readonly store: Store
  readonly clock: Clock
  readonly intake: Intake
  failed(error: unknown): void
}

const batch = 200
/** A source that never catches up must not hold what waits for it for ever. */
const patienceMs = 600_000
const lookAgainMs = 30_000
/** After a refusal of the store. */
const retryMs = 1000

export function createJobs({ store, clock, intake, failed }: JobsTools): Jobs {
  /** Sources that read old input, and since when. */
  const behind = new Map<string, number>()
  /** Jobs that cannot be done, or would run for ever, and until when they are left alone. */
  const resting = new Map<string, number>()
  let blocked = 0
  let stopTimer: (() => void) | undefined
  let nextAt = Infinity
  let running = false
  let again = false
  let stopped = true

  function wakeAt(at: number): void {
    if (stopped || at >= nextAt) return
    stopTimer?.()
    nextAt = at
    stopTimer = clock.at(at, () => {
      nextAt = Infinity
      void run()
    })
  }

  /** Whether its source still reads old input, in which the end of the wait may stand; or it has been put to rest. */
  function waits(job: Job, now: number): boolean {
    if ((resting.get(job.key) ?? now) > now) return true
    const since = job.source === undefined ? undefined : behind.get(job.source)
    return since !== undefined && now - Math.max(job.dueAt, since) < patienceMs
  }

  /** All at once; where a mistake of ours is in one of them, each by itself, and that one rests. */
  async function submit(ready: readonly Job[]): Promise<void> {
    for (const { key } of ready) resting.delete(key)
    try {
      await intake.submit(ready.map((job) => ({ kind: 'job', job })))
    } catch (error) {
      const [first, ...others] = ready
      if (!(error instanceof Mistake) || first === undefined) throw error
      if (others.length > 0) for (const job of ready) await submit([job])
      else {
        const until = clock.now() + lookAgainMs
        resting.set(first.key, until)
        wakeAt(until)
        failed(error)
      }
    }
  }

  async function run(): Promise<void> {
    if (stopped) return
    if (running) {
      again = true
      return
    }
    running = true
    try {
      const now = clock.now()
      const due = await store.dueJobs(now, batch + blocked)
      const ready = due.jobs.filter((job) => !waits(job, now))
      if (ready.length > 0) await submit(ready)
      const full = due.jobs.length === batch + blocked
      const more = blocked < due.jobs.length - ready.length
      blocked = due.jobs.length - ready.length
      if (full && (ready.length > 0 || more)) wakeAt(now)
      if (due.nextAt !== undefined) wakeAt(due.nextAt)
      if (ready.length < due.jobs.length) wakeAt(now + lookAgainMs)
    } catch (error) {
      failed(error)
      wakeAt(clock.now() + retryMs)
    } finally {
      running = false
      if (again) wakeAt(clock.now())
      again = false
    }
  }

  return {
    expect: wakeAt,
    clockStepped() {
      nextAt = Infinity
      wakeAt(clock.now())
    },
    catchingUp(source, yes) {
      if (yes) behind.set(source, behind.get(source) ?? clock.now())
      else if (behind.delete(source)) wakeAt(clock.now())
    },
    start() {
      stopped = false
      wakeAt(clock.now())
    },
    stop() {
      stopped = true
      stopTimer?.()
    },
    get busy() {
      return running
    },
  }
}
