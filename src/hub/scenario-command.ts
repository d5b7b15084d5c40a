// Commands in a scenario: what a person does while it goes on.
import { conditionPrefix, keyOfRow, readRows } from '../engine/condition-row.ts'
import { heldBySilence, readSilence } from '../engine/look-silences.ts'
import { readDuration } from '../lib/duration.ts'
import type { Rehearsal } from './rehearsal.ts'
import type { ScenarioStep } from './scenario-file.ts'

/** Does what a person would do at that time. */
export async function runCommand(rehearsal: Rehearsal, given: NonNullable<ScenarioStep['command']>): Promise<void> {
  if ('clockJump' in given) {
    const back = given.clockJump.startsWith('-')
    const byMs = (readDuration(given.clockJump.replace(/^-/, '')) ?? 0) * (back ? -1 : 1)
    return rehearsal.command({ name: 'clock-jump', byMs })
  }
  if ('silence' in given) return silence(rehearsal, given)
  if ('unsilence' in given) {
    const held = await heldBySilence(rehearsal.store)
    return rehearsal.command({ name: 'unsilence', silence: given.unsilence, held })
  }
  if ('ack' in given) {
    const rows = readRows(await rehearsal.store.states(conditionPrefix)).filter(({ key }) => key === given.ack)
    for (const row of rows) await rehearsal.command({ name: 'ack', condition: keyOfRow(row), by: 'somebody' })
    return
  }
  if ('forget' in given) return rehearsal.command({ name: 'forget-host', host: given.forget })
  if ('close' in given) return rehearsal.closeCondition(given.close)
  const dead = await rehearsal.store.deliveries({ channel: given.retry, states: ['dead', 'expired'], limit: 1000 })
  for (const delivery of dead.toReversed()) await rehearsal.command({ name: 'retry', delivery })
}

async function silence(
  rehearsal: Rehearsal,
  given: { readonly silence: string; readonly for: string; readonly id: string },
): Promise<void> {
  const now = rehearsal.clock.now()
  const until = now + (readDuration(given.for) ?? 0)
  const wanted = { matchers: given.silence, until, by: 'somebody', comment: '' }
  const found = readSilence(wanted, given.id, now, [])
  if (typeof found === 'string') throw new Error(found)
  return rehearsal.command({ name: 'silence', silence: found })
}
