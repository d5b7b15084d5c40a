// What a schedule would tell now: rendered by the channels as they would send it, from what a hub has stored, asking nobody.
import type { Ask } from '../engine/draft.ts'
import { watchKey } from '../engine/watching.ts'
import { sampleFact } from '../source-sample.ts'
import type { Store } from '../store/store.ts'
import type { Assembly } from './assemble.ts'
import { createRehearsal, type RehearsedMessage } from './rehearsal.ts'

export interface ScheduleRehearsal {
  readonly messages: readonly RehearsedMessage[]
  /** Types of what the schedule said, told or not. */
  readonly types: readonly string[]
  /** What it would have looked up. */
  readonly asks: readonly Ask[]
}

/** Where the hub has not run with this schedule yet, it knows what came in the last hour. */
const recentMs = 3_600_000

/** Names of the schedules of a config. */
export function schedulesOf({ judge }: Assembly): readonly string[] {
  return judge.watches.filter(({ kind }) => kind.runs !== undefined).map(({ name }) => name)
}

/** `store`: that of the hub, if there is one. */
export async function rehearseSchedule(
  assembly: Assembly,
  name: string,
  store: Store | undefined,
  now: number,
): Promise<ScheduleRehearsal> {
  const watches = assembly.judge.watches.filter((watch) => watch.name === name)
  const state = (await store?.states(watchKey(name, ''))) ?? []
  const alone: Assembly = { ...assembly, judge: { ...assembly.judge, watches } }
  const rows = state.map(([key, value]) => ({ key, value }))
  const types: string[] = []
  const asks: Ask[] = []
  const rehearsal = await createRehearsal(alone, {
    startAt: now,
    state: rows,
    committed(draft) {
      types.push(...draft.events.map(({ type }) => type))
      asks.push(...draft.asks)
    },
  })
  try {
    if (rows.length === 0 && store !== undefined) {
      for await (const { source, ...fact } of recentSamples(store, now)) await rehearsal.observe(source, [fact])
    }
    await rehearsal.command({ name: 'run', watch: name })
    await rehearsal.runOut()
    return { messages: [...rehearsal.messages], types, asks }
  } finally {
    await rehearsal.close()
  }
}

async function* recentSamples(store: Store, now: number) {
  for (let afterSeq = 0; ;) {
    const page = await store.facts({ since: now - recentMs, afterSeq, limit: 1000 })
    yield* page.filter(({ name }) => name === sampleFact)
    const last = page.at(-1)
    if (last === undefined || page.length < 1000) return
    afterSeq = last.seq
  }
}
