// Says facts when they have changed, and remembers over restarts what was not well.
import { NotStored, type SourceTools } from '../../source.ts'
import { bootFacts, type Thing, toBootFact } from '../../source-boot.ts'
import type { Json, NewFact } from '../../words.ts'

type Sort = 'unit' | 'network'

export interface Teller {
  /** Facts of all; those that are not among them and were not well are so now. Said where they differ, or all. */
  things(sort: Sort, all: ReadonlyMap<string, Thing>, how: 'changes' | 'all'): Promise<void>
  /** They cannot be looked at. */
  unread(sort: Sort, why: string): Promise<void>
  say(facts: readonly NewFact[]): Promise<boolean>
  /** Interfaces that have had a carrier. */
  readonly wired: ReadonlySet<string>
  wire(names: readonly string[]): Promise<void>
  unwire(names: readonly string[]): Promise<void>
}

const wiredRow = (name: string): string => `wired ${name}`
const badRow = (sort: Sort, name: string): string => `bad ${sort} ${name}`

export function createTeller(tools: SourceTools): Teller {
  const { host, saved = [] } = tools.place
  const rows = new Map(saved)
  const wired = new Set([...rows.keys()].filter((key) => key.startsWith('wired ')).map((key) => key.slice(6)))
  const said = new Map<string, string>()
  let failing = false

  async function emit(facts: readonly NewFact[], put: [string, Json][] = [], gone: string[] = []): Promise<boolean> {
    if (facts.length + put.length + gone.length === 0) return true
    try {
      await tools.emit({ facts }, { put, delete: gone })
      failing = false
    } catch (error) {
      if (!(error instanceof NotStored)) throw error
      // What has not been said is said at the next look.
      if (!failing) tools.log.warn(`source ${tools.name}: what it sees cannot be stored; it is said again later`)
      failing = true
      return false
    }
    for (const [key, value] of put) rows.set(key, value)
    for (const key of gone) rows.delete(key)
    return true
  }

  async function things(sort: Sort, all: ReadonlyMap<string, Thing>, how: 'changes' | 'all'): Promise<void> {
    const prefix = badRow(sort, '')
    const before = [...rows.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))
    const well = before.filter((name) => !all.has(name)).map((name): [string, Thing] => [name, { ok: true }])
    const now = [...all, ...well]
    const told = now.filter(([name, thing]) => how === 'all' || said.get(`${sort} ${name}`) !== JSON.stringify(thing))
    if (told.length === 0 && how === 'changes') return
    const facts = told.map(([name, thing]) => toBootFact(bootFacts[sort], name, host, thing))
    // The list of names stands behind the facts of each.
    const list = toBootFact(bootFacts[sort], '*', host, { names: [...all.keys()] })
    const bad = told.filter(([, { ok }]) => !ok).map(([name]): [string, Json] => [badRow(sort, name), true])
    const good = told.filter(([name, { ok }]) => ok && rows.has(badRow(sort, name))).map(([name]) => badRow(sort, name))
    if (!(await emit([...facts, list], bad, good))) return
    for (const [name, thing] of told) said.set(`${sort} ${name}`, JSON.stringify(thing))
    for (const [name] of well) said.delete(`${sort} ${name}`)
  }

  return {
    things,
    wired,
    say: (facts) => emit(facts),
    unread: async (sort, why) =>
      void (await emit([toBootFact(bootFacts[sort], '*', host, { names: [], unread: why })])),
    async wire(names) {
      const fresh = names.filter((name) => !wired.has(name))
      if (
        await emit(
          [],
          fresh.map((name): [string, Json] => [wiredRow(name), true]),
        )
      )
        for (const name of fresh) wired.add(name)
    },
    async unwire(names) {
      const known = names.filter((name) => wired.has(name))
      if (await emit([], [], known.map(wiredRow))) for (const name of known) wired.delete(name)
    },
  }
}
