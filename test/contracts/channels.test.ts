// What every channel kind must keep, whoever wrote it: options, rendering, and for those over HTTP the outcomes.
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import type { ChannelTools, Part } from '../../src/channel.ts'
import { request } from '../../src/lib/http.ts'
import { channelNames, loadChannel } from '../../src/registry.ts'
import { reasons, type Message, type Outcome } from '../../src/words.ts'
import { messages } from '../support/messages.ts'

const secretWord = 'sEcReTwOrD'
const runs = { numRuns: 60 }
const place = { zone: 'Europe/Rome', hubUrl: 'https://hub.example' }
const kinds = await Promise.all(channelNames.map(async (name) => ({ name, kind: await loadChannel(name) })))

/** What a service says that took a message, where that is more than "ok". */
const taken: { readonly [kind: string]: string } = { fediverse: '{"id":"103254962155278888"}' }

const sample: Message = {
  title: 'Backup of nas failed',
  severity: 'error',
  fields: [{ name: 'Repository', value: 'nas', code: true }],
  lines: ['exit status 1'],
  links: [],
  notes: [],
  ids: ['01k9zq'],
  at: Date.UTC(2026, 10, 20, 12),
}

test('there are channels to hold to the contract', () => {
  assert.ok(kinds.length >= 3)
})

for (const { name, kind } of kinds) {
  const schema = z.toJSONSchema(kind.options, { io: 'input' }) as Schema
  const { options, secrets } = withSecrets(kind.options.parse(kind.example), schema)

  describe(`the options of ${name}`, () => {
    test('are described in a sentence each, and so is the kind', () => {
      assert.match(kind.about, /^\S.*\.$/)
      for (const [option, { description }] of Object.entries(schema.properties ?? {})) {
        assert.match(description ?? '', /^\S.*\.$/, option)
      }
    })

    test('take no name they do not know', () => {
      assert.equal(kind.options.safeParse(kind.example).success, true)
      assert.equal(kind.options.safeParse({ ...kind.example, nobodyKnowsThis: 1 }).success, false)
    })

    test('that are addresses or secrets are marked as secret', () => {
      for (const [option, { secret }] of Object.entries(schema.properties ?? {})) {
        if (/url|secret|token|password/i.test(option)) assert.equal(secret, true, option)
      }
    })
  })

  describe(`what ${name} renders`, () => {
    test('is the same every time, is made of the message alone, and can be stored', (t) => {
      t.mock.method(Date, 'now', () => assert.fail('render asked for the time'))
      t.mock.method(Math, 'random', () => assert.fail('render asked for chance'))
      fc.assert(
        fc.property(messages, (message) => {
          const parts = kind.render(deepFreeze(message), deepFreeze(options), deepFreeze({ ...place }))
          assert.deepEqual(kind.render(message, options, place), parts)
          assert.deepEqual(JSON.parse(JSON.stringify(parts)), parts)
        }),
        runs,
      )
    })

    test('is something, within the limits, however long and hostile the message is', () => {
      fc.assert(
        fc.property(messages, (message) => {
          const parts = kind.render(message, options, place)
          assert.ok(parts.length > 0)
          for (const { text } of parts) {
            assert.ok(text.trim() !== '' && text.length <= kind.limits.length, `${text.length} characters`)
            assert.ok(text.isWellFormed())
            assert.doesNotMatch(text, /(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
          }
        }),
        runs,
      )
    })

    // What takes quadratic time is not done before the runner's limit.
    test('comes soon, whatever a long text repeats', () => {
      for (const unit of [' ', '\n', ' \n', '\t', '\u001b]', '\u001b[', '\u0090', '\u200b', '*', '<', '[a](', '&']) {
        const text = `a${unit.repeat(300_000)}b`
        const field = { name: text, value: text, note: text }
        const links = [{ text, url: text }]
        const message: Message = {
          title: text,
          severity: 'info',
          fields: [field],
          lines: [text],
          notes: [text],
          links,
          ids: ['1'],
          at: 0,
        }
        assert.ok(kind.render(message, options, place).length > 0)
      }
    })

    test('never loses the title, nor the first words of a long one', () => {
      const words = fc.stringMatching(/^[A-Za-z0-9]{1,12}( [A-Za-z0-9]{1,12}){0,40}$/)
      fc.assert(
        fc.property(messages, words, (message, title) => {
          const [first] = kind.render({ ...message, title }, options, place)
          assert.ok(first?.text.includes(title.slice(0, 100)), (first?.text ?? '').slice(0, 200))
        }),
        runs,
      )
    })

    test('holds no secret of its options', () => {
      fc.assert(
        fc.property(messages, (message) => {
          const shown = JSON.stringify(kind.render(message, options, place))
          for (const secret of secrets) assert.ok(!shown.includes(secret))
        }),
        { numRuns: 20 },
      )
    })
  })

  if (schema.properties?.['url'] === undefined) continue

  describe(`over HTTP, ${name}`, () => {
    let reply: RequestListener = () => {}
    const server = createServer((incoming, response) => {
      incoming.on('error', () => {}).resume()
      incoming.on('end', () => reply(incoming, response))
    })
    let given: unknown
    before(async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      server.listen(0, '127.0.0.1', resolve)
      await promise
      const { port } = server.address() as AddressInfo
      given = { ...(options as object), url: `http://127.0.0.1:${port}/${secretWord}/path?key=${secretWord}` }
    })
    after(() => {
      server.closeAllConnections()
      server.close()
    })

    const send = async (take: RequestListener, signal = new AbortController().signal): Promise<Outcome> => {
      reply = take
      const [part] = kind.render(sample, given, place)
      assert.ok(part)
      const outcome = await kind.send(part as Part, given, toolsWith(signal))
      if (!outcome.ok) {
        assert.ok(reasons.includes(outcome.reason))
        for (const secret of [...secrets, secretWord]) assert.ok(!outcome.detail.includes(secret), outcome.detail)
        assert.match(outcome.detail, /^\S[^\n]{10,400}$/)
      }
      return outcome
    }

    test('is done when the service took it', async () => {
      const outcome = await send((_, response) => response.end(taken[name] ?? 'ok'))
      assert.equal(outcome.ok, true)
    })

    test('gives the reason for every refusal', async () => {
      const expected: readonly [status: number, reason: string, retry: boolean][] = [
        [302, 'misconfigured', false],
        [400, 'rejected', false],
        [401, 'unauthorised', false],
        [404, 'gone', false],
        [413, 'too-large', false],
        [429, 'rate-limited', true],
        [500, 'server-error', true],
        [503, 'server-error', true],
      ]
      for (const [status, reason, retry] of expected) {
        // Services repeat what they were asked.
        const outcome = await send((incoming, response) => {
          response.writeHead(status, { location: incoming.url ?? '' }).end(`no: ${incoming.url} ${secrets.join(' ')}`)
        })
        assert.deepEqual(endOf(outcome), [reason, retry, false], `${status}`)
      }
    })

    test('waits as long as the service asks for', async () => {
      const outcome = await send((_, response) => response.writeHead(429, { 'retry-after': '17' }).end())
      assert.equal(!outcome.ok && outcome.retryAfterMs, 17_000)
    })

    test('does not know whether it arrived when the connection breaks', async () => {
      const outcome = await send((incoming) => incoming.socket.resetAndDestroy())
      assert.deepEqual(endOf(outcome), ['unreachable', true, true])
    })

    test('does not know whether it arrived when it is called off', async () => {
      const deadline = new AbortController()
      const outcome = await send(() => deadline.abort(), deadline.signal)
      assert.deepEqual(endOf(outcome), ['timeout', true, true])
    })
  })
}

interface Schema {
  readonly properties?: { readonly [name: string]: { readonly description?: string; readonly secret?: boolean } }
}

/** The example with words in its secrets that would be found wherever they turned up. */
function withSecrets(
  example: unknown,
  { properties = {} }: Schema,
): { readonly options: unknown; readonly secrets: readonly string[] } {
  const options: { [name: string]: unknown } = { ...(example as object) }
  if ('url' in options) options['url'] = `https://service.example/${secretWord}`
  const isSecret = ([name, value]: [string, unknown]) => properties[name]?.secret === true && typeof value === 'string'
  return {
    options,
    secrets: Object.entries(options)
      .filter(isSecret)
      .map(([, value]) => String(value)),
  }
}

function toolsWith(signal: AbortSignal): ChannelTools {
  return {
    delivery: { id: '01d', recipient: '', attempt: 1, idempotencyKey: '01d-1', kind: 'open', thread: { id: 't' } },
    signal,
    now: () => Date.UTC(2026, 10, 20, 12),
    graph: async () => undefined,
    request,
    print: () => {},
    log: { info: () => {}, warn: () => {}, error: () => {} },
  }
}

function endOf(outcome: Outcome): readonly unknown[] {
  return outcome.ok ? ['ok'] : [outcome.reason, outcome.retry, outcome.maybeDelivered]
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}
