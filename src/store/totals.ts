// Counts over the whole store, for the page and the metrics.
import { number, type SqlRow, text } from './rows.ts'
import type { Totals } from './store.ts'

export function readTotals(all: (sql: string) => readonly SqlRow[]): Omit<Totals, 'bytes'> {
  const verdicts: Record<string, number> = {}
  for (const row of all('select state, count(*) as count from verdict group by state')) {
    verdicts[text(row['state'])] = number(row['count'])
  }
  const deliveries = all(
    'select channel, state, count(*) as count, min(created) as oldest from delivery group by channel, state',
  )
  return {
    events: number(all('select count(*) as count from event')[0]?.['count']),
    verdicts,
    deliveries: deliveries.map((row) => ({
      channel: text(row['channel']),
      state: text(row['state']) as Totals['deliveries'][number]['state'],
      count: number(row['count']),
      oldestAt: number(row['oldest']),
    })),
  }
}
