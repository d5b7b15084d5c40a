// What gives way when there is no room for all: what could never fit, starts whose finish is here as well, then the oldest diagnostics, then the oldest.
import type { KvpEvent } from './event.ts'

type Named = Pick<KvpEvent, 'type' | 'name'>

export interface Fitted<Item> {
  /** In the order in which they came. */
  readonly kept: readonly Item[]
  /** Starts whose finish is kept, and says all that they would. */
  readonly merged: readonly Item[]
  readonly dropped: readonly Item[]
}

/** Keeps as many as weigh no more than there is room. */
export function fit<Item>(
  items: readonly Item[],
  room: number,
  eventOf: (item: Item) => Named,
  weightOf: (item: Item) => number,
): Fitted<Item> {
  let weight = items.reduce((sum, item) => sum + weightOf(item), 0)
  if (weight <= room) return { kept: items, merged: [], dropped: [] }
  const gone = new Set<Item>()
  const merged: Item[] = []
  const dropped: Item[] = []
  const leave = (item: Item, into: Item[]): void => {
    if (weight <= room || gone.has(item)) return
    gone.add(item)
    into.push(item)
    weight -= weightOf(item)
  }
  for (const item of items) if (weightOf(item) > room) leave(item, dropped)
  for (const start of finishedStarts(items, eventOf)) leave(start, merged)
  for (const item of items) if (!isStage(eventOf(item))) leave(item, dropped)
  for (const item of items) leave(item, dropped)
  return { kept: items.filter((item) => !gone.has(item)), merged, dropped }
}

function finishedStarts<Item>(items: readonly Item[], eventOf: (item: Item) => Named): Item[] {
  const open = new Map<string, Item>()
  const finished: Item[] = []
  for (const item of items) {
    const { type, name } = eventOf(item)
    const start = open.get(name)
    if (type === 'start') open.set(name, item)
    else if (type === 'finish' && start !== undefined) {
      finished.push(start)
      open.delete(name)
    }
  }
  return finished
}

function isStage({ type }: Named): boolean {
  return type === 'start' || type === 'finish'
}
