// What retention deletes, class by class, in small transactions, so that the writer never waits long.
import type { Retention } from './store.ts'

type Value = string | number | null

/** `run` executes one statement in a transaction of its own and returns the rows it changed. */
export function prune(run: (sql: string, ...values: readonly Value[]) => number, policy: Retention): number {
  const pinned = "select event from verdict where state in ('queued', 'held')"
  let gone = 0
  const sweep = (sql: string, ...values: Value[]): void => {
    for (;;) {
      const changes = run(sql, ...values, policy.limitRows)
      gone += changes
      if (changes < policy.limitRows) return
    }
  }
  sweep(
    "delete from event where seq in (select seq from event e where received < ?1 and severity = 'info' and not exists (select 1 from verdict v where v.event = e.seq) limit ?2)",
    policy.unmatchedInfoBefore,
  )
  sweep(
    `delete from event where seq in (select seq from event where received < ?1 and seq not in (${pinned}) limit ?2)`,
    policy.restBefore,
  )
  sweep(
    "delete from delivery where seq in (select seq from delivery where ended < ?1 and state not in ('queued', 'retrying', 'sending') limit ?2)",
    policy.restBefore,
  )
  sweep('delete from input where seq in (select seq from input where at < ?1 limit ?2)', policy.restBefore)
  sweep('delete from identity where key in (select key from identity where at < ?1 limit ?2)', policy.identitiesBefore)
  sweep('delete from state where key in (select key from state where expires < ?1 limit ?2)', policy.now)
  for (const table of ['attempt', 'part']) {
    sweep(
      `delete from ${table} where (delivery, number) in (select delivery, number from ${table} t where not exists (select 1 from delivery d where d.seq = t.delivery) limit ?1)`,
    )
  }
  sweep(
    "delete from verdict where (event, rule, channel) in (select event, rule, channel from verdict v where v.state not in ('queued', 'held') and not exists (select 1 from event e where e.seq = v.event) limit ?1)",
  )
  return gone
}
