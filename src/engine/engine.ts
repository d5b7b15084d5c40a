// The engine: intake, judge, jobs and outbox around one store and one clock. It knows contracts, never kinds.
import type { SourceRow, Store } from '../store/store.ts'
import type { Delivery } from '../words.ts'
import type { Clock } from './clock.ts'
import { conditionPrefix, keyOfRow, readRows } from './condition-row.ts'
import type { Ask, Draft } from './draft.ts'
import type { Command, Input, ReportInput } from './input.ts'
import { createIntake, type Intake } from './intake.ts'
import { createJobs } from './jobs.ts'
import type { Judge } from './judge.ts'
import type { LaneView, Sender } from './lane.ts'
import { createOutbox } from './outbox.ts'
import type { Stepped } from './step.ts'
import { type RecheckBody, type TimerBody, watchOf, watchPrefix } from './watching.ts'
import type { Json } from '../words.ts'

export interface Engine {
  submit(inputs: readonly Input[], progress?: SourceRow): Promise<readonly Stepped[]>
  command(command: Command): Promise<Stepped>
  /** Puts another config into force: stored, then judged and sent by. Returns what was left of channels that are gone. */
  reload(judge: Judge, senders: ReadonlyMap<string, Sender>, document: Json): Promise<Reloaded>
  /** Notes that it is alive: after a gap, what stands for silence waits anew. */
  markAlive(): Promise<void>
  catchingUp(source: string, yes: boolean): void
  start(senders: ReadonlyMap<string, Sender>, document: Json): Promise<void>
  stop(waitMs: number): Promise<void>
  lanes(): readonly LaneView[]
  /** Nothing is being stepped, stored or sent. */
  readonly idle: boolean
  readonly intake: Intake
}

export interface Reloaded {
  /** Waiting messages whose channel is gone. */
  readonly moved: number
  /** Open conditions that nobody watches any more. */
  readonly closed: number
}

export interface EngineTools {
  readonly store: Store
  readonly clock: Clock
  readonly judge: Judge
  /** Told after each commit, in order: for metrics and the stream. */
  committed?(draft: Draft): void
  /** What a watch wants looked up; its answer is a fact, or the command `unanswered`. */
  ask?(ask: Ask): void
  /** The store refused while the engine itself had something to write; it tries again. Or a `Mistake`: the rest went on. */
  failed(what: string, error: unknown): void
}

export function createEngine({ store, clock, judge, committed, ask, failed }: EngineTools): Engine {
  const intake = createIntake(judge, {
    store,
    clock,
    committed: (draft) => {
      for (const job of draft.jobs.values()) if (job !== undefined) jobs.expect(job.dueAt)
      if (draft.shiftJobsMs !== 0) jobs.clockStepped()
      outbox.committed(draft)
      committed?.(draft)
      for (const one of draft.asks) ask?.(one)
      for (const { what, error } of draft.mistakes) failed(what, error)
    },
  })
  const jobs = createJobs({ store, clock, intake, failed: (error) => failed('running jobs', error) })
  const outbox = createOutbox({ store, clock, intake, failed })

  /** What waits for a channel that is gone dies visibly, or goes to the fallback. */
  async function closeChannel(channel: string): Promise<number> {
    let moved = 0
    for (;;) {
      const waiting = await store.waiting(channel, 0, 200)
      if (waiting.length === 0) return moved
      const now = clock.now()
      const gone = { ok: false, givenUp: 'channel-gone' } as const
      await intake.submit(
        waiting.map(({ delivery }: { delivery: Delivery }): ReportInput => ({
          kind: 'outcome',
          delivery,
          result: gone,
          startedAt: now,
          endedAt: now,
        })),
      )
      moved += waiting.length
    }
  }

  /** What belonged to a source or watch that is no longer configured has ended: nobody looks. */
  async function closeOrphans(): Promise<number> {
    const { sources, watches } = intake.judge
    const rows = readRows(await store.states(conditionPrefix))
    const gone = rows.flatMap((row): Command[] => {
      if (row.state !== 'open' || row.source === 'sereno') return []
      const condition = keyOfRow(row)
      const isWatched = row.watch === undefined || watches.some(({ name }) => name === row.watch)
      if (!isWatched) return [{ name: 'close', condition, by: 'watch-removed' }]
      // Sources of agents are in no config: what they began they end, or its time does, or a person.
      const isNamed =
        row.source.includes('/') || sources.has(row.source) || watches.some(({ name }) => name === row.source)
      return isNamed ? [] : [{ name: 'close', condition, by: 'source-removed' }]
    })
    if (gone.length > 0) await intake.submit(gone.map((command) => ({ kind: 'command', command })))
    await forgetWatches()
    return gone.length
  }

  /** What a watch that is no longer configured remembered and waited for. */
  async function forgetWatches(): Promise<void> {
    const names = new Set(intake.judge.watches.map(({ name }) => name))
    const rows = (await store.states(watchPrefix)).map(([key]) => key).filter((key) => !names.has(watchOf(key)))
    const jobs = [...(await store.jobs({ kind: 'timer' })), ...(await store.jobs({ kind: 'recheck' }))]
    const lost = jobs.filter(({ body }) => !names.has((body as TimerBody | RecheckBody).watch)).map(({ key }) => key)
    if (rows.length + lost.length === 0) return
    await intake.submit([{ kind: 'command', command: { name: 'forget', rows, jobs: lost } }])
  }

  /** Rows that a watch has from the beginning. */
  async function beginWatches(): Promise<void> {
    const rows = intake.judge.watches.flatMap(({ name, kind, options, place }) =>
      (kind.begin?.(options, place) ?? []).map((row) => ({ name: 'begin', watch: name, row }) as const),
    )
    if (rows.length > 0) await intake.submit(rows.map((command) => ({ kind: 'command', command })))
  }

  async function wakeUp(): Promise<void> {
    const from = await store.setting('alive')
    const until = clock.now()
    const jobs = typeof from === 'number' ? await store.jobs({ absence: true }) : []
    if (typeof from === 'number')
      await intake.submit([{ kind: 'command', command: { name: 'awake', from, until, jobs } }])
    await markAlive()
    // An answer that was on its way when we stopped never came.
    for (const job of await store.jobs({ kind: 'recheck' })) {
      const { asked, source, name, key, body } = job.body as unknown as RecheckBody
      if (asked === true) ask?.({ source, name, key, body })
    }
  }

  const markAlive = (): Promise<void> => intake.note({ settings: [['alive', clock.now()]] })

  return {
    markAlive,
    submit: (inputs, progress) => intake.submit(inputs, progress),
    command: async (command) => (await intake.submit([{ kind: 'command', command }]))[0] ?? {},
    async reload(next, senders, document) {
      const gone = [...intake.judge.channels.keys()].filter((channel) => !next.channels.has(channel))
      await intake.submit([{ kind: 'config', document }])
      intake.judgeBy(next)
      await outbox.sendBy(senders)
      let moved = 0
      for (const channel of gone) moved += await closeChannel(channel)
      const closed = await closeOrphans()
      await beginWatches()
      return { moved, closed }
    },
    catchingUp: (source, yes) => jobs.catchingUp(source, yes),
    async start(senders, document) {
      const before = await store.setting('config')
      if (JSON.stringify(before) !== JSON.stringify(document)) await intake.submit([{ kind: 'config', document }])
      await outbox.sendBy(senders)
      await outbox.start()
      // Whatever config they were queued by: a process may have been killed between a reload and this.
      for (const channel of await store.waitingChannels()) {
        if (!senders.has(channel)) await closeChannel(channel)
      }
      await closeOrphans()
      await wakeUp()
      await beginWatches()
      jobs.start()
    },
    async stop(waitMs) {
      jobs.stop()
      await outbox.stop(waitMs)
      await markAlive().catch((error: unknown) => failed('noting the end', error))
    },
    lanes: () => outbox.lanes(),
    get idle() {
      return !intake.busy && !jobs.busy && !outbox.busy
    },
    intake,
  }
}
