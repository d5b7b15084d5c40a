// The questions that pages and lists ask, as SQL with bound values.
import type { DeliveryQuery, EventQuery, FactQuery } from './store.ts'

export interface Select {
  readonly sql: string
  readonly values: readonly (string | number)[]
}

/** Newest first unless the query says `ascending`. */
export function selectEvents(query: EventQuery): Select {
  const { where, values, add } = createFilter()
  add(query.type?.includes('*') === true ? 'type glob ?' : 'type = ?', query.type)
  add('source = ?', query.source)
  add('host = ?', query.host)
  add('received >= ?', query.since)
  add('seq > ?', query.afterSeq)
  add('seq < ?', query.beforeSeq)
  const order = query.ascending === true ? 'asc' : 'desc'
  return { sql: `select * from event ${where()} order by seq ${order} limit ?${values.push(query.limit)}`, values }
}

export function selectDeliveries(query: DeliveryQuery): Select {
  const { where, values, add } = createFilter()
  add('channel = ?', query.channel)
  add('seq < ?', query.beforeSeq)
  if (query.states !== undefined) add(`state in (${query.states.map(() => '?').join(', ')})`, ...query.states)
  return { sql: `select * from delivery ${where()} order by seq desc limit ?${values.push(query.limit)}`, values }
}

/** By position, upwards; of one key newest first. */
export function selectFacts({ afterSeq, since, limit, last }: FactQuery): Select {
  const { where, values, add } = createFilter()
  add('seq > ?', afterSeq)
  add('received >= ?', since)
  if (last !== undefined) add('source = ? and name = ? and key = ?', last.source, last.name, last.key)
  const order = last === undefined ? 'asc' : 'desc'
  return { sql: `select * from fact ${where()} order by seq ${order} limit ?${values.push(limit)}`, values }
}

/** Those that a thread's messages were called by the service, oldest first. */
export const selectHandles =
  'select handle from delivery where channel = ?1 and thread = ?2 and recipient = ?3 and handle is not null order by ended, seq'

/** The greatest position that is or was taken: samples may be gone that history has. */
export const selectLastSeq = `select max((select coalesce(max(seq), 0) from event), (select coalesce(max(seq), 0) from input),
  (select coalesce(max(seq), 0) from delivery), (select coalesce(max(seq), 0) from fact),
  (select coalesce(max(cast(value as integer)), 0) from meta where key = 'history-rolled')) as seq`

/** As one text; a value is JSON already: it is copied, not parsed. */
export const selectStates = `select '[' || coalesce(group_concat('[' || json_quote(key) || ',' || value || ']'), '') || ']' as rows
  from (select key, value from state where key >= ?1 and key < ?2 order by key)`

/** Messages that name an event. */
export const selectNaming =
  'select d.* from delivery d where d.seq >= ?1 and exists (select 1 from json_each(d.events) where value = ?1) order by d.seq'

interface Filter {
  readonly values: (string | number)[]
  /** Each `?` of the condition stands for the next value; one that is undefined leaves the condition out. */
  add(condition: string, ...given: readonly (string | number | undefined)[]): void
  where(): string
}

function createFilter(): Filter {
  const conditions: string[] = []
  const values: (string | number)[] = []
  return {
    values,
    add(condition, ...given) {
      if (given.includes(undefined)) return
      let next = 0
      conditions.push(condition.replaceAll('?', () => `?${values.push(given[next++] ?? '')}`))
    },
    where: () => (conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`),
  }
}
