// What a person may do to what the hub tells: silence it, end a silence, say that one looks after a condition.
import { randomBytes } from 'node:crypto'
import type { Engine } from '../../engine/engine.ts'
import { findCondition } from '../../engine/look-conditions.ts'
import { heldBySilence, type NewSilence, readSilence, readSilences } from '../../engine/look-silences.ts'
import type { Done, Refused } from '../../http/api-answers.ts'
import { fromId, toId } from '../../lib/id.ts'
import { writeMatchers } from '../../rules/silence.ts'
import type { Store } from '../../store/store.ts'

export interface Acts {
  /** Also says what it covers. */
  silence(given: NewSilence): Promise<{ readonly ok: true; readonly id: string; readonly message: string } | Refused>
  endSilence(id: string): Promise<Done>
  /** Undefined: there is no such condition. */
  ack(id: string, by: string): Promise<Done | undefined>
}

export interface ActsTools {
  readonly engine: Engine
  readonly store: Store
  now(): number
  /** A point in time as people read it. */
  time(at: number): string
}

/** Six letters of base 32, so that they can be typed; never that of another silence. */
function newId(taken: ReadonlySet<string>): string {
  for (;;) {
    const id = toId(randomBytes(4).readUInt32BE()).slice(-6)
    if (!taken.has(id)) return id
  }
}

export function createActs({ engine, store, now, time }: ActsTools): Acts {
  return {
    async silence(given) {
      const others = await readSilences(store)
      const id = newId(new Set(others.map((one) => one.id)))
      const silence = readSilence(given, id, now(), others)
      if (typeof silence === 'string') return { ok: false, message: silence }
      await engine.command({ name: 'silence', silence })
      return { ok: true, id, message: `Silence ${id} holds until ${time(silence.until)}: ${writeMatchers(silence)}.` }
    },
    async endSilence(id) {
      const found = (await readSilences(store)).find((one) => one.id === id.trim().toLowerCase())
      if (found === undefined) return { ok: false, message: `There is no silence ${id}, or it is no longer kept.` }
      if (found.until <= now()) return { ok: false, message: `Silence ${id} was over at ${time(found.until)}.` }
      await engine.command({ name: 'unsilence', silence: found.id, held: await heldBySilence(store) })
      return { ok: true, message: `Silence ${id} is over; what it held and still is so is told now.` }
    },
    async ack(id, by) {
      const found = await findCondition(store, toId(fromId(id) ?? 0))
      if (found === undefined) return undefined
      if (!found.isOpen) return { ok: false, message: `Condition ${id} has ended already: ${found.title}.` }
      await engine.command({ name: 'ack', condition: found.key, by: by.slice(0, 100) })
      return {
        ok: true,
        message: `${by} looks after ${id}: ${found.title}. No more reminders, unless it gets worse.`,
      }
    },
  }
}
