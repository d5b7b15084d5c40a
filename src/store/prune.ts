// What retention deletes, class by class, in small transactions, so that the writer never waits long.
import { chunkMs, tiers } from './history-tiers.ts'
import type { Retention } from './store.ts'

type Value = string | number | null
/** Executes one statement in a transaction of its own and returns the rows it changed. */
type Run = (sql: string, ...values: readonly Value[]) => number

/** Beyond `sizeBytes` the oldest go before their time: first facts and what is left of samples, then unmatched info events, then all others. */
export type Pruning = Retention & { readonly sizeBytes?: number }

/** What somebody still waits for: held by a job, or named by a message that is not sent yet. */
const isFree = `not exists (select 1 from verdict v where v.event = e.seq and v.state in ('queued', 'held'))
  and e.seq not in (select event from pinned)`
/** The end of a condition that is still open will be said in the thread of its beginning. */
const isDone = `state not in ('queued', 'retrying', 'sending')
  and (handle is null or thread not in (select thread from pinned_thread))`
const isUnmatchedInfo = `e.severity = 'info' and not exists (select 1 from verdict v where v.event = e.seq)`

/** Positions grow with time: what lies before the first event that may stay need not be searched for behind it. */
const firstToStay = `coalesce((select e.seq from event e where ${isFree} order by e.seq limit 1), 9e15)`
const firstSince = `coalesce((select seq from event where received >= ?1 and received <= ?2 order by seq limit 1), 9e15)`

/** Nobody fills the store with names of hosts. */
const mostHosts = 20_000

/** Pages in use: the file itself keeps the room of what was deleted for what comes. */
const usedBytes = `(select (c.page_count - f.freelist_count) * s.page_size
  from pragma_page_count c, pragma_freelist_count f, pragma_page_size s)`

export function prune(run: Run, policy: Pruning): number {
  const { now, limitRows, sizeBytes } = policy
  let gone = 0
  const sweep = (sql: string, ...values: Value[]): void => {
    for (;;) {
      const changes = run(sql, ...values, limitRows)
      gone += changes
      if (changes < limitRows) return
    }
  }
  pin(run)
  const old = `e.received < ?1 and e.seq < ${firstSince}`
  gone += dropEvents(run, `${old} and ${isUnmatchedInfo}`, limitRows, policy.unmatchedInfoBefore, now)
  gone += dropEvents(run, old, limitRows, policy.restBefore, now)
  sweep(
    `delete from delivery where seq in (select seq from delivery where ended < ?1 and ${isDone} limit ?2)`,
    policy.restBefore,
  )
  sweep('delete from input where seq in (select seq from input where at < ?1 limit ?2)', policy.restBefore)
  sweep(
    'delete from fact where seq in (select seq from fact where seq < coalesce((select seq from fact where received >= ?1 order by seq limit 1), 9e15) limit ?2)',
    policy.factsBefore,
  )
  sweepHistory(sweep, policy.historyBefore)
  gone += dropIdentities(run, policy.identitiesBefore, limitRows)
  sweep('delete from state where key in (select key from state where expires < ?1 limit ?2)', now)
  sweepTrail(sweep)
  if (sizeBytes !== undefined) gone += shrink(run, sweep, sizeBytes, limitRows)
  return gone
}

/** Deletes until the store is small enough, or nothing is left that may go. */
function shrink(run: Run, sweep: (sql: string) => void, sizeBytes: number, limitRows: number): number {
  const tooLarge = `${usedBytes} > ?1`
  const facts = `delete from fact where seq in (select seq from fact where ${tooLarge} order by seq limit ?2)`
  let gone = 0
  for (let changes = limitRows; changes > 0; gone += changes) changes = run(facts, sizeBytes, limitRows)
  for (let changes = limitRows; changes > 0; gone += changes)
    changes = run(oldestChunks(tooLarge), sizeBytes, limitRows)
  gone += dropEvents(run, `${tooLarge} and ${isUnmatchedInfo}`, limitRows, sizeBytes)
  gone += dropEvents(run, tooLarge, limitRows, sizeBytes, undefined, () => {
    sweep(
      `delete from delivery where seq in (select seq from delivery where seq < ${firstToStay} and ${isDone} limit ?1)`,
    )
    sweep(`delete from input where seq in (select seq from input where seq < ${firstToStay} limit ?1)`)
    sweepTrail(sweep)
  })
  return gone
}

/** Chunks whose end is past, and hosts of which nothing can be left. */
function sweepHistory(sweep: (sql: string, ...values: Value[]) => void, before: Retention['historyBefore']): void {
  for (const [index, tier] of tiers.entries()) {
    const first = Math.floor((before[index] ?? 0) / chunkMs(tier))
    sweep(
      `delete from history where rowid in (select rowid from history where tier = ${tier.tier} and start < ?1 limit ?2)`,
      first,
    )
  }
  sweep('delete from host where name in (select name from host where last < ?1 limit ?2)', before[2])
  sweep(
    'delete from host where name in (select name from host order by last desc limit -1 offset ?1) and ?2 > 0',
    mostHosts,
  )
}

/** Of the finest tier first. */
function oldestChunks(tooLarge: string): string {
  return `delete from history where rowid in (select rowid from history where ${tooLarge} order by tier, start limit ?2)`
}

/** Oldest first. They are looked for without a lock on what the writer wants: only the deleting itself takes one. */
function dropEvents(
  run: Run,
  which: string,
  limitRows: number,
  bound: number,
  now?: number,
  after?: () => void,
): number {
  const values = now === undefined ? [bound] : [bound, now]
  const pick = `insert into slice select e.seq from event e
    where e.seq > coalesce((select max(seq) from slice), -1) and ${which} and ${isFree} order by e.seq limit ?${values.length + 1}`
  const drop = `delete from event as e where e.seq in (select seq from slice order by seq desc limit ?1) and ${isFree}`
  let gone = 0
  run('delete from slice')
  for (;;) {
    const picked = run(pick, ...values, limitRows)
    if (picked === 0) return gone
    gone += run(drop, picked)
    after?.()
  }
}

/** What belongs to events and deliveries that are gone. */
function sweepTrail(sweep: (sql: string) => void): void {
  for (const table of ['attempt', 'part']) {
    sweep(
      `delete from ${table} where (delivery, number) in (select delivery, number from ${table} t where t.delivery < ${firstToStay} and not exists (select 1 from delivery d where d.seq = t.delivery) limit ?1)`,
    )
  }
  sweep(
    `delete from verdict where (event, rule, channel) in (select w.event, w.rule, w.channel from verdict w where w.event < ${firstToStay} and w.state not in ('queued', 'held') and not exists (select 1 from event o where o.seq = w.event) limit ?1)`,
  )
}

/**
 * Noted once per round: a waiting message's events may all have ended already, as those of late news have; and what is
 * known of open conditions.
 */
function pin(run: Run): void {
  run('create temp table if not exists slice (seq integer primary key)')
  run('create temp table if not exists pinned (event integer primary key)')
  run('delete from pinned')
  for (const states of ["state in ('queued', 'retrying')", "state = 'sending'"]) {
    run(`insert or ignore into pinned select n.value from delivery d, json_each(d.events) n where d.${states}`)
  }
  run('create temp table if not exists pinned_thread (thread text primary key)')
  run('delete from pinned_thread')
  const open = `from state where key >= 'condition|' and key < 'condition}' and json_extract(value, '$.state') = 'open'`
  run(`insert or ignore into pinned_thread select json_extract(value, '$.thread') ${open}`)
  for (const event of ['opening', 'latest']) {
    run(`insert or ignore into pinned select json_extract(value, '$.${event}') ${open}`)
  }
}

/**
 * Looked for in one walk and then deleted in small steps: an index by time would cost every event more than all the rest
 * of its rows.
 */
function dropIdentities(run: Run, before: number, limitRows: number): number {
  run('create temp table if not exists old_identity (place integer primary key, key text not null)')
  run('delete from old_identity')
  const found = run('insert into old_identity (key) select key from identity where at < ?1', before)
  for (let place = 0; place < found; place += limitRows) {
    run(
      'delete from identity where key in (select key from old_identity where place > ?1 and place <= ?2)',
      place,
      place + limitRows,
    )
  }
  run('delete from old_identity')
  return found
}
