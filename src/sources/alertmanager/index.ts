// POST /api/v1/webhook/<source>: alerts of an Alertmanager, or of what posts like one; and, with a url, its list as well.
import { cutBytes } from '../../lib/text.ts'
import type { Rejected, SourceKind, SourceResponse } from '../../source.ts'
import type { Json } from '../../words.ts'
import { type Alert, readAlert } from './alert.ts'
import { createLedger, type Sighting } from './ledger.ts'
import { options, type Options } from './options.ts'
import { createPolling, failingRow, type Polling } from './polling.ts'
import { type Post, readPost } from './post.ts'
import { type Desk, report } from './report.ts'

/** Of an element that is no alert, this much is kept. */
const rawBytes = 4096

export default {
  about:
    'Takes alerts from Alertmanager at POST /api/v1/webhook/<name of the source>, or from what posts like it; may ask it for its list as well.',
  options,
  example: { url: 'http://127.0.0.1:9093', open: ['127.0.0.0/8'] },

  async start(given, tools) {
    const saved = new Map(tools.place.saved)
    const desk = { tools, ledger: createLedger(saved), language: given.language }
    const { url } = given
    const polling = url === undefined ? undefined : createPolling({ ...given, url }, desk, saved.get(failingRow))
    tools.measure('alerts_firing', desk.ledger.firing)
    let truncated = 0
    tools.route('POST', `/api/v1/webhook/${tools.name}`, async (request) => {
      const post = readPost(request.body)
      if ('error' in post) return { status: post.status, body: { error: post.error } }
      const answer = await take(post, desk)
      if (post.truncated === 0) return answer
      truncated += post.truncated
      tools.measure('alerts_truncated_total', truncated)
      await tellTruncated(post, desk, polling)
      return { ...answer, body: { ...(answer.body as { readonly [name: string]: Json }), truncated: post.truncated } }
    })
    await polling?.run()
  },
} satisfies SourceKind<Options>

/** What is wrong is named by its place and kept as it came; what is right beside it is taken. */
async function take({ alerts, group }: Post, desk: Desk): Promise<SourceResponse> {
  const good: Alert[] = []
  const invalid: { index: number; message: string }[] = []
  const rejected: Rejected[] = []
  for (const [index, element] of alerts.entries()) {
    const alert = readAlert(element, group)
    if (typeof alert !== 'string') {
      good.push(alert)
      continue
    }
    invalid.push({ index, message: alert })
    rejected.push({ raw: cutBytes(JSON.stringify(element), rawBytes), message: alert })
  }
  const sightings = good.sort(byTime).map((alert): Sighting => ({ kind: 'posted', alert }))
  const { accepted, duplicates } = await report(sightings, desk, rejected)
  const isAllWrong = alerts.length > 0 && good.length === 0
  return { status: isAllWrong ? 400 : 202, body: { accepted, duplicates, invalid } }
}

/** One alert may be in a post more than once: then its end must not come after the beginning of its next time. */
function byTime(a: Alert, b: Alert): number {
  const [startA, startB] = [a.startsAt ?? 0, b.startsAt ?? 0]
  return startA - startB || Number(a.status === 'resolved') - Number(b.status === 'resolved')
}

/** Alerts that were cut off are not invented: they are looked for, or it is said that they are missing. */
async function tellTruncated({ group, truncated }: Post, { tools }: Desk, polling: Polling | undefined): Promise<void> {
  if (polling !== undefined) return polling.hurry()
  const { groupKey = '', receiver } = group
  const data = {
    count: truncated,
    ...(groupKey === '' ? {} : { groupKey }),
    ...(receiver === undefined ? {} : { receiver }),
  }
  const identity = { producer: `group ${groupKey}`, id: `${truncated} left out` }
  await tools.emit({ events: [{ type: 'sereno.truncated', data, identity }] })
}
