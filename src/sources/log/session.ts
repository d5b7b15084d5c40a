// An open session, and the row that keeps it over a restart.
import type { Json } from '../../words.ts'
import type { ClockMark } from './clock.ts'

export interface Session {
  readonly id: string
  /** Log time of its first line, as people know it. */
  readonly openedAt: number
  /** Steady time of its first and its latest line; timeouts count from these. */
  readonly opened: number
  seen: number
  /** Log time of its latest line. */
  seenAt: number
  readonly fields: Record<string, string>
  mark: ClockMark
  /** Places in the two orders; they tell apart what happened in the same second. */
  readonly openedOrder: number
  seenOrder: number
  /** Neighbours in the order of the latest line. */
  before: Session | undefined
  after: Session | undefined
  stored: boolean
  open: boolean
}

export type Saved = Iterable<readonly [key: string, value: Json]>

/** What is kept of it over a restart. */
export function toRow(session: Session): Json {
  const { openedAt, opened, seenAt, openedOrder, seenOrder, mark, fields } = session
  return { v: 1, openedAt, opened, seenAt, order: [openedOrder, seenOrder], clock: { ...mark }, fields: { ...fields } }
}

/** Rows of another shape are deleted: a lost session is better than a source that cannot start. */
export function readRows(saved: Saved): { readonly restored: Session[]; readonly unreadable: string[] } {
  const restored: Session[] = []
  const unreadable: string[] = []
  for (const [id, row] of saved) {
    if (!isRow(row)) {
      unreadable.push(id)
      continue
    }
    restored.push({
      id,
      openedAt: row.openedAt,
      opened: row.opened,
      seen: row.clock.steady,
      seenAt: row.seenAt,
      fields: { ...row.fields },
      mark: row.clock,
      openedOrder: row.order[0],
      seenOrder: row.order[1],
      before: undefined,
      after: undefined,
      stored: true,
      open: true,
    })
  }
  return { restored, unreadable }
}

interface Row {
  readonly openedAt: number
  readonly opened: number
  readonly seenAt: number
  readonly order: readonly [number, number]
  readonly clock: ClockMark
  readonly fields: { readonly [name: string]: string }
}

function isRow(value: unknown): value is Row {
  const row = value as Partial<Row> | null
  return (
    typeof row === 'object' &&
    row !== null &&
    [
      row.openedAt,
      row.opened,
      row.seenAt,
      ...(row.order ?? []),
      row.clock?.steady,
      row.clock?.shift,
      row.clock?.lag,
    ].every(Number.isFinite) &&
    row.order?.length === 2 &&
    typeof row.fields === 'object'
  )
}
