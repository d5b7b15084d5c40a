// Counts what comes between two digests, and knows which conditions began and have not ended.
import { toKey } from '../../lib/key.ts'
import type { HubEvent } from '../../words.ts'
import type { Open, Tally } from './state.ts'

export const emptyTally: Tally = {
  events: 0,
  severities: {},
  types: {},
  otherTypes: 0,
  begun: 0,
  ended: 0,
  open: {},
  otherOpen: 0,
}

const typesKept = 100
const openKept = 200

export function count(tally: Tally, event: HubEvent): Tally {
  return { ...counted(tally, event), ...moved(tally, event) }
}

/** Of the next digest: what is open stays so. */
export function afterDigest({ open, otherOpen }: Tally): Tally {
  return { ...emptyTally, open, otherOpen }
}

function counted(tally: Tally, { type, severity }: HubEvent): Tally {
  const known = Object.hasOwn(tally.types, type)
  const isKept = known || Object.keys(tally.types).length < typesKept
  return {
    ...tally,
    events: tally.events + 1,
    severities: { ...tally.severities, [severity]: (tally.severities[severity] ?? 0) + 1 },
    ...(isKept
      ? { types: { ...tally.types, [type]: (known ? (tally.types[type] ?? 0) : 0) + 1 } }
      : { otherTypes: tally.otherTypes + 1 }),
  }
}

function moved(tally: Tally, { source, condition, type, host, subject, time }: HubEvent): Partial<Tally> {
  if (condition === undefined) return {}
  const key = toKey(source, condition.key)
  const isOpen = Object.hasOwn(tally.open, key)
  if (condition.state === 'resolved') {
    const { [key]: _ended, ...open } = tally.open
    if (isOpen) return { ended: tally.ended + 1, open }
    return { ended: tally.ended + 1, otherOpen: Math.max(0, tally.otherOpen - 1) }
  }
  if (isOpen || condition.state !== 'firing') return {}
  if (Object.keys(tally.open).length >= openKept) return { begun: tally.begun + 1, otherOpen: tally.otherOpen + 1 }
  const one: Open = {
    type,
    ...(host === undefined ? {} : { host }),
    ...(subject === undefined ? {} : { subject }),
    since: condition.since ?? time,
  }
  return { begun: tally.begun + 1, open: { ...tally.open, [key]: one } }
}
