// Moves the times of an item by what the agent's clock is wrong; pure.
import type { AgentItem } from './source-agent.ts'
import type { NewEvent } from './words.ts'

/** A difference up to this is the way of the request, not the clock. */
export const toleratedMs = 5000

export function offsetOf(sentAt: number, receivedAt: number): number {
  const offset = receivedAt - sentAt
  return Math.abs(offset) > toleratedMs ? offset : 0
}

export function shiftItem(item: AgentItem, byMs: number): AgentItem {
  if (byMs === 0) return item
  if ('event' in item) return { ...item, event: shiftEvent(item.event, byMs) }
  if ('fact' in item && item.fact.time !== undefined)
    return { ...item, fact: { ...item.fact, time: moved(item.fact.time, byMs) } }
  return item
}

function shiftEvent(event: NewEvent, byMs: number): NewEvent {
  const { time, condition } = event
  return {
    ...event,
    ...(time === undefined ? {} : { time: moved(time, byMs) }),
    ...(condition === undefined
      ? {}
      : {
          condition: {
            ...condition,
            ...(condition.since === undefined ? {} : { since: moved(condition.since, byMs) }),
            ...(condition.endsAt === undefined ? {} : { endsAt: moved(condition.endsAt, byMs) }),
          },
        }),
  }
}

function moved(at: number, byMs: number): number {
  return Math.max(0, at + byMs)
}
