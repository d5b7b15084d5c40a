// What the hub remembers of one agent: how far each of its buffers is stored, what it is to look up, and who speaks in its name.
import type { Ask } from '../../engine/draft.ts'
import { randomBytes } from 'node:crypto'
import type { SourceRow, Store } from '../../store/store.ts'
import { type AgentRecheck } from '../../source-agent.ts'
import { recheckDeadlineMs } from '../../source.ts'
import type { Json, JsonObject } from '../../words.ts'
import type { PostFrame } from './read-post.ts'

/** How far one buffer is stored. */
export interface Mark {
  /** The number of the next item that is new. */
  readonly next: number
  readonly at: number
}

/** What an agent last said of itself; kept with what it sent, so a contact without news costs the disk nothing. */
export interface AgentFacts {
  readonly seenAt: number
  readonly host?: string
  readonly bootId?: string
  readonly machineId?: string
  /** By the hub's clock. */
  readonly bootedAt?: number
  /** What its clock is wrong by; absent: nothing worth a word. */
  readonly clockOffsetSeconds?: number
  /** Items it dropped before they were sent, since it is known here. */
  readonly dropped?: number
  readonly gapToldAt?: number
}

/** An agent begins a buffer at each start, and tells the oldest first; of those before nothing comes any more. */
const mostBuffers = 50
const mostRechecks = 200
/** So many earlier processes are remembered. */
const mostRuns = 20
/** Once may be a request that was long on its way. */
const turnsThatTell = 2

export class Agent {
  readonly name: string
  #marks: Map<string, Mark> | undefined
  #facts: AgentFacts = { seenAt: 0 }
  #turn: Promise<unknown> = Promise.resolve()
  readonly #rechecks = new Map<string, Pending>()
  readonly #runs = new Set<string>()
  #run: string | undefined
  #turns = 0
  /** Sources whose old news is on its way. */
  readonly behind = new Set<string>()

  constructor(name: string) {
    this.name = name
  }

  /** One request after the other: two at once would count the same items twice. */
  inTurn<T>(act: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(act)
    this.#turn = next.catch(() => {})
    return next
  }

  get facts(): AgentFacts {
    return this.#facts
  }

  set facts(facts: AgentFacts) {
    this.#facts = facts
  }

  /** Its rows in the store are those of a source whose name no source can have. */
  get rowName(): string {
    return rowNameOf(this.name)
  }

  async load(store: Pick<Store, 'rows'>): Promise<void> {
    if (this.#marks !== undefined) return
    const marks = new Map<string, Mark>()
    for (const [key, value] of await store.rows(this.rowName)) {
      if (key === '') this.#facts = value as unknown as AgentFacts
      else marks.set(key, value as unknown as Mark)
    }
    this.#marks = marks
  }

  /** The store refused: what it has is read anew. */
  forget(): void {
    this.#marks = undefined
  }

  nextOf(buffer: string): number | undefined {
    return this.#marks?.get(buffer)?.next
  }

  /** What is to be stored with the items. */
  rowFor(buffer: string, mark: Mark, facts: AgentFacts): SourceRow {
    const put: [string, Json][] = [
      ['', { ...facts } as JsonObject],
      [buffer, { ...mark }],
    ]
    const others = [...(this.#marks ?? [])].filter(([key]) => key !== buffer)
    const gone = others.toSorted(([, one], [, other]) => other.at - one.at).slice(mostBuffers - 1)
    return { name: this.rowName, put, delete: gone.map(([key]) => key) }
  }

  stored(row: SourceRow): void {
    for (const [key, value] of row.put ?? []) {
      if (key === '') this.#facts = value as unknown as AgentFacts
      else this.#marks?.set(key, value as unknown as Mark)
    }
    for (const key of row.delete ?? []) this.#marks?.delete(key)
  }

  /** True once it is clear that two processes speak in turns; said a single time. */
  isTwo({ run, bootId, machineId, buffer }: PostFrame): boolean {
    const speaker = run ?? JSON.stringify([bootId, machineId, buffer])
    if (speaker === this.#run) return false
    const isBack = this.#runs.has(speaker)
    if (this.#run !== undefined) this.#runs.add(this.#run)
    if (this.#runs.size > mostRuns) this.#runs.delete([...this.#runs][0] ?? '')
    this.#run = speaker
    if (!isBack) return false
    this.#turns += 1
    return this.#turns === turnsThatTell
  }

  /** False: too many wait. */
  ask(one: Ask, now: number): boolean {
    this.#dropOld(now)
    if (this.#rechecks.size >= mostRechecks) return false
    this.#rechecks.set(randomBytes(9).toString('base64url'), { ...one, until: now + recheckDeadlineMs, got: false })
    return true
  }

  /** What it has not yet said that it has got. */
  toAsk(got: readonly string[], now: number): AgentRecheck[] {
    if (this.#rechecks.size === 0) return []
    for (const id of got) {
      const one = this.#rechecks.get(id)
      if (one !== undefined) this.#rechecks.set(id, { ...one, got: true })
    }
    this.#dropOld(now)
    return [...this.#rechecks].flatMap(([id, { source, name, key, body, got: isThere }]) =>
      isThere ? [] : [{ id, source: source.slice(this.name.length + 1), name, key, body }],
    )
  }

  /** What nobody there could answer. */
  takeUnanswered(ids: readonly string[]): Ask[] {
    return ids.flatMap((id) => {
      const one = this.#rechecks.get(id)
      return one !== undefined && this.#rechecks.delete(id) ? [one] : []
    })
  }

  #dropOld(now: number): void {
    for (const [id, { until }] of this.#rechecks) if (until < now) this.#rechecks.delete(id)
  }
}

interface Pending extends Ask {
  readonly until: number
  readonly got: boolean
}

export function rowNameOf(agent: string): string {
  return `${agent}/`
}
