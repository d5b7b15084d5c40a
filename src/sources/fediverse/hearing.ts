// Asks the server what was said to the account, and hands on what listed accounts ask, one after the other.
import { request } from '../../lib/http.ts'
import { readAccount, toKey } from '../../lib/fediverse/account.ts'
import { outcomeOf, type Api } from '../../lib/fediverse/api.ts'
import { isNewer, listenMastodon, listenMisskey, type Mention, type Page } from '../../lib/fediverse/mentions.ts'
import { originOf } from '../../lib/fediverse/origin.ts'
import { discover, type Server } from '../../lib/fediverse/server.ts'
import { readToken } from '../../lib/fediverse/token.ts'
import { cleanLine, cutText } from '../../lib/text.ts'
import { NotStored, type SourceTools } from '../../source.ts'
import type { Json, Reason } from '../../words.ts'
import { createFailing } from './failing.ts'
import type { Options } from './options.ts'
import type { Stream } from './stream.ts'

export interface Hearing {
  run(): Promise<void>
  readonly stream: Stream
}

/** Beside a stream: it may have died without a word. */
const besideStreamMs = 300_000
const longestPauseMs = 300_000
const requestMs = 20_000
const questionLength = 500
/** Older than any notification: without one a server gives the newest and leaves out those before. */
const beforeAll = '0'
/** In one go; a server that always has one more is not asked without a pause. */
const pagesAtOnce = 20
const behindMs = 1000
/** Doubled with each failure in a row: so long nothing that the stream tells makes us ask a server that refuses. */
const failedMs = 1000

export function createHearing(options: Options, tools: SourceTools): Hearing {
  const { signal, log, name } = tools
  const origin = originOf(options.url) ?? options.url
  const listed = new Set<string>()
  for (const account of options.accounts) {
    const read = readAccount(account)
    if (read !== undefined) listed.add(toKey(read, ''))
  }
  let server: Server | undefined
  let heard: string | undefined
  const failing = createFailing(origin, tools)
  let isStreaming = false
  let hasNews = false
  let isBehind = false
  let hurry = (): void => {}
  let isPassingOver = false
  const answeredAt: number[] = []
  const firstLook = Promise.withResolvers<void>()
  const counts = { mentions_asked_total: 0, mentions_ignored_total: 0, mentions_passed_over_total: 0 }

  async function look(): Promise<void> {
    const token = await readToken(options)
    if (!token.ok) return fail('misconfigured', `The token cannot be read from tokenFile: ${token.problem}`)
    const api: Api = { origin, token: token.value, ask: (one) => request({ timeoutMs: requestMs, ...one }), signal }
    server ??= await discover(origin, (one) => request({ ...one, signal }))
    const listen = server?.software === 'firefish' ? listenMisskey : listenMastodon
    if (heard === undefined) {
      // What was said before anybody listened is not answered.
      const newest = await listen(api, '')
      if (!newest.ok) return refused(newest, api)
      heard = newest.last ?? beforeAll
      await tools.emit({}, { cursor: { id: heard } })
      return failing.recovered()
    }
    let hasMore = true
    for (let pages = 0; hasMore && pages < pagesAtOnce && !signal.aborted; pages += 1) {
      const before: string = heard
      const page: Page = await listen(api, before)
      if (!page.ok) return refused(page, api)
      const { last } = page
      for (const mention of page.mentions) await take(mention)
      hasMore = last !== undefined && isNewer(last, before)
      if (last !== undefined && isNewer(last, heard)) await moveTo(last)
    }
    isBehind = hasMore
    await failing.recovered()
  }

  async function take(mention: Mention): Promise<void> {
    const account = readAccount(mention.acct)
    const home = server?.domain ?? new URL(origin).host
    if (account === undefined || !listed.has(toKey(account, home))) {
      counts.mentions_ignored_total += 1
    } else if (hasHadEnough()) {
      counts.mentions_passed_over_total += 1
      if (!isPassingOver)
        log.warn(`more than ${options.perMinute} questions within a minute; those beyond are passed over`, {
          source: name,
        })
      isPassingOver = true
    } else {
      isPassingOver = false
      await ask(mention, toKey(account, home))
      counts.mentions_asked_total += 1
    }
    measure()
  }

  async function ask({ id, handle, visibility, text }: Mention, account: string): Promise<void> {
    const question = {
      text: cutText(cleanLine(text), questionLength),
      channel: options.channel,
      handle,
      account: `@${account}`,
      visibility,
    }
    try {
      await tools.ask(question, { cursor: { id } })
      heard = id
    } catch (error) {
      if (error instanceof NotStored) throw error
      // It would be heard again without end.
      log.error(`a question could not be answered: ${String(error)}`, { source: name })
    }
  }

  /** Those that are nobody's business count as heard as well. */
  async function moveTo(id: string): Promise<void> {
    await tools.emit({}, { cursor: { id } })
    heard = id
  }

  function hasHadEnough(): boolean {
    const now = tools.now()
    while (answeredAt.length > 0 && (answeredAt[0] ?? now) <= now - 60_000) answeredAt.shift()
    if (answeredAt.length >= options.perMinute) return true
    answeredAt.push(now)
    return false
  }

  function refused({ answer }: Extract<Page, { ok: false }>, api: Api): Promise<void> {
    const outcome = outcomeOf(answer, api, tools.now())
    // It may have become another meanwhile.
    server = undefined
    return outcome.ok
      ? fail('rejected', `${origin} answered something that is no list of notifications`)
      : fail(outcome.reason, outcome.detail)
  }

  function fail(reason: Reason, detail: string): Promise<void> {
    return signal.aborted ? Promise.resolve() : failing.failed(reason, detail)
  }

  function measure(): void {
    for (const [what, value] of Object.entries(counts)) tools.measure(what, value)
  }

  function pause(): Promise<void> {
    const { failures } = failing
    const soonMs = failures === 0 ? 0 : Math.min(failedMs * 2 ** failures, longestPauseMs)
    if (hasNews && soonMs === 0) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = (): void => resolve()
    const calmMs = isBehind ? behindMs : isStreaming ? besideStreamMs : options.poll
    const timers = [setTimeout(end, failures === 0 ? calmMs : Math.min(options.poll * 2 ** failures, longestPauseMs))]
    hurry = () => {
      if (timers.length === 1) timers.push(setTimeout(end, soonMs))
    }
    if (hasNews) hurry()
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
    return promise.finally(() => {
      for (const timer of timers) clearTimeout(timer)
      signal.removeEventListener('abort', end)
      hurry = () => {}
    })
  }

  function knock(): void {
    hasNews = true
    hurry()
  }

  return {
    async run() {
      heard = idOf(await tools.cursor())
      signal.addEventListener('abort', () => firstLook.resolve())
      while (!signal.aborted) {
        hasNews = false
        try {
          await look()
        } catch (error) {
          // The hub says so; the next look hears it again.
          if (!(error instanceof NotStored)) throw error
          failing.again()
        }
        firstLook.resolve()
        await pause()
      }
    },
    stream: {
      async place() {
        // It tells what the server is.
        await firstLook.promise
        const token = await readToken(options)
        if (server === undefined || server.software === 'firefish' || !token.ok) return undefined
        const own = origin.replace(/^http/, 'ws')
        // The token is not said in the clear where the server itself is spoken to in secret.
        const isSafe = own.startsWith('ws:') || server.streaming?.startsWith('wss:') === true
        return { url: isSafe ? (server.streaming ?? own) : own, token: token.value }
      },
      opened() {
        isStreaming = true
        knock()
      },
      news: knock,
      closed() {
        isStreaming = false
        knock()
      },
    },
  }
}

function idOf(cursor: Json | undefined): string | undefined {
  if (typeof cursor !== 'object' || cursor === null || !('id' in cursor)) return undefined
  return typeof cursor.id === 'string' ? cursor.id || beforeAll : undefined
}
