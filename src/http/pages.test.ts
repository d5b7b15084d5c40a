// The pages: what they show, and that nothing which came from outside is ever markup.
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { toId } from '../lib/id.ts'
import { eventPage, missingPage } from '../page/event-page.ts'
import { eventsPage, type OpenCondition } from '../page/events-page.ts'
import { hostPage } from '../page/host-page.ts'
import { hostsPage } from '../page/hosts-page.ts'
import { Html } from '../page/html.ts'
import { loginPage } from '../page/login-page.ts'
import type { HubEvent, Verdict } from '../words.ts'
import { at, someEvent, someVerdict, startTestHub } from './door-for-tests.ts'

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</pre></dd></style><svg onload=alert(1)>',
  '<!--',
  '&lt;b&gt;&#60;',
  ']]><a href="javascript:alert(1)">',
  '\u0000\u001b[31m\u202e\ud800',
]

/** An event and a verdict with this text in every field that a sender, or a person's config, can fill. */
function filledWith(text: string): { readonly event: HubEvent; readonly verdict: Verdict } {
  const event = someEvent(1, {
    type: text,
    source: text,
    host: text,
    subject: text,
    title: text,
    text,
    labels: { [text]: text },
    data: { [text]: text, list: [text, { [text]: text }] },
    condition: { key: text, state: 'firing' },
  })
  return { event, verdict: someVerdict(1, { rule: text, channel: text, by: text, reason: text, until: 0 }) }
}

function allPages(text: string): string[] {
  const { event, verdict } = filledWith(text)
  const events = [{ event, title: text, verdicts: [verdict] }]
  const open: OpenCondition = {
    id: text,
    title: text,
    severity: 'error',
    source: text,
    host: text,
    since: '2026-11-20T03:00:00.000Z',
    threads: [{ channel: text, state: text }],
  }
  return [
    eventsPage({ events, open: [open], openTotal: 3, zone: 'UTC', problems: [text], address: text }),
    eventsPage({ events: [], open: [], openTotal: 0, zone: 'UTC', problems: [text], address: text }),
    eventPage({ event, title: text, why: [text], texts: [text], zone: 'UTC' }),
    missingPage(text),
    loginPage(text, false),
    ...hostPages(text, open),
  ]
}

function hostPages(text: string, open: OpenCondition): string[] {
  const seen = { firstSeenAt: '2026-11-20T03:00:00.000Z', lastSeenAt: '2026-11-20T03:00:00.000Z', source: text }
  const figures = {
    cpuPercent: 1,
    memoryPercent: 2,
    fullestDisk: { mount: text, percent: 3 },
    load: 4,
    uptimeSeconds: 5,
  }
  const host = { name: text, ...seen, ...figures, conditions: 1, severity: 'error' as const }
  const series = [
    { series: text, value: 1 },
    { series: `filesystem_percent{mount="${text}"}`, value: 2 },
  ]
  const page = { host: { ...host, bootId: text, failedUnits: [text], series, open: [open] }, zone: 'UTC', now: 0 }
  const graphs = [{ series: text, svg: new Html('<svg></svg>') }]
  return [
    hostsPage({ hosts: [{ host, cpu: [[0.5, 1]], memory: [] }], total: 2, zone: 'UTC', now: 0 }),
    hostPage({ ...page, graphs, span: '24h', spans: ['1h', '24h'], metric: text }),
  ]
}

/** Tags with their attributes' names, which are all that could do harm. */
function skeleton(page: string): string[] {
  return [...page.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replaceAll(/"[^"]*"/g, '""'))
}

test('what is open stands above what has happened, with who was told', () => {
  const open = (id: string, state: string): OpenCondition => ({
    id,
    title: `Disk ${id} is full`,
    severity: 'error',
    source: 'monitor',
    since: '2026-11-20T03:00:00.000Z',
    threads: [
      { channel: 'team', state },
      { channel: 'team', state },
    ],
  })
  const events = [{ event: someEvent(1), title: 'Something', verdicts: [] }]
  const page = eventsPage({
    events,
    open: [open('a', 'told'), open('b', 'held')],
    openTotal: 12,
    zone: 'Europe/Rome',
    problems: [],
    address: '',
  })
  const text = page.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
  assert.match(
    text,
    /12 things are wrong now.*Disk a is full.*since 2026-11-20 04:00:00 .*team was told .*team is told later/,
  )
  assert.match(text, /… and 10 more: sereno conditions .*The last event/)
})

describe('text from outside', () => {
  test('however long it is, it neither fills the list nor the head of its own page', () => {
    const long = 'x'.repeat(100_000)
    const { event, verdict } = filledWith(long)
    const list = eventsPage({
      events: [{ event, title: long, verdicts: [verdict] }],
      open: [],
      openTotal: 0,
      zone: 'UTC',
      problems: [],
      address: '',
    })
    assert.ok(!list.replaceAll(verdict.channel, '').includes('x'.repeat(500)))
    const page = eventPage({ event, title: long, why: [], texts: [], zone: 'UTC' })
    const head = page.slice(0, page.indexOf('class="words"'))
    assert.ok(!head.includes('x'.repeat(300)))
    assert.ok(page.includes(long), 'all of it is further down')
  })

  test('changes no tag of any page, whatever stands in whatever field', () => {
    const plain = allPages('x').map(skeleton)
    const anyText = fc.oneof(
      fc.constantFrom(...hostile),
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '/', '=', ' ', 's', '-', '!'), minLength: 1 }),
    )
    fc.assert(
      fc.property(anyText, (text) => {
        // Sereno's own events make a first run of it, which has another frame.
        fc.pre(text.trim() !== '' && !text.startsWith('sereno.'))
        assert.deepEqual(allPages(`${text}x`).map(skeleton), plain)
      }),
    )
  })

  test('that is stored arrives escaped at both pages, which allow no script anyway', async () => {
    await using hub = await startTestHub()
    for (const [offset, text] of hostile.slice(0, 7).entries()) {
      const { event, verdict } = filledWith(text)
      const seq = event.seq + offset
      hub.store.keep({
        events: [{ ...event, seq, id: toId(seq) }],
        verdicts: [{ ...verdict, event: seq }],
      })
      for (const path of ['/', `/events/${toId(seq)}`]) {
        const answer = await hub.askAs(path)
        const page = await answer.text()
        assert.equal(answer.status, 200)
        assert.doesNotMatch(page, /<(script|img|svg|!--|a href="javascript)/)
        assert.match(answer.headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-/)
      }
    }
  })

  test('in the address is escaped as well', async () => {
    await using hub = await startTestHub()
    const answer = await hub.askAs('/<script>alert(1)</script>', { headers: { accept: 'text/html' } })
    assert.equal(answer.status, 404)
    assert.doesNotMatch(await answer.text(), /<script/)
  })
})

describe('the page at /', () => {
  test('shows the last hundred events, newest first, in the time of its reader, with what became of each', async () => {
    await using hub = await startTestHub()
    const events = Array.from({ length: 120 }, (_, index) => someEvent(index, { title: `event number ${index}.` }))
    const verdicts = [
      someVerdict(119, { state: 'merged', by: 'dedupe', reason: 'repeat within 1h', rule: 'calm' }),
      someVerdict(118, { state: 'dead', channel: 'mail', rule: '(fallback)', reason: 'gone' }),
    ]
    hub.store.keep({ events, verdicts })
    const page = await (await hub.askAs('/')).text()
    const shown = [...page.matchAll(/event number (\d+)\./g)].map(([, number]) => Number(number))
    assert.deepEqual(
      shown,
      Array.from({ length: 100 }, (_, index) => 119 - index),
    )
    assert.match(page, /The last 100 events/)
    assert.match(page, new RegExp(`href="/events/${toId(1119)}"`))
    // 13:12:17 UTC and 119 minutes, in Madrid's summer.
    assert.match(page, /datetime="2026-05-10T15:11:17\.000Z">2026-05-10 17:11:17</)
    assert.match(page, /merged<\/span>\s*→ team[^]*by rule calm: repeat within 1h/)
    assert.match(page, /dead<\/span>\s*→ mail[^]*\(fallback\): gone/)
    assert.match(page, /recorded: no rule asked for it/)
    assert.doesNotMatch(page, /curl/)
  })

  test('says at the first run how to send something, until something was sent', async () => {
    await using hub = await startTestHub()
    const page = async (): Promise<string> => (await hub.askAs('/')).text()
    const command = new RegExp(`curl -d hostname=[^]* ${hub.url}/message`)
    assert.match(await page(), command)
    hub.store.keep({ events: [someEvent(0, { type: 'sereno.started', source: 'sereno' })] })
    assert.match(await page(), command)
    assert.match(await page(), /sereno\.started/)
    hub.store.keep({ events: [someEvent(1)] })
    assert.doesNotMatch(await page(), /curl/)
  })

  test('names how people reach the hub, if that is another address', async () => {
    await using hub = await startTestHub({ url: 'https://hub.example.org' })
    assert.match(await (await hub.askAs('/')).text(), /https:\/\/hub\.example\.org\/message/)
  })

  test('tells on top what is wrong with the hub', async () => {
    await using hub = await startTestHub()
    const checks = [{ name: 'channel team', ok: false, detail: 'channel team cannot be told: gone' }]
    hub.door.state = { live: true, ready: false, checks }
    assert.match(await (await hub.askAs('/')).text(), /role="alert"[^]*channel team cannot be told: gone/)
  })

  test('allows its own style and nothing else, and is not kept, framed or named', async () => {
    await using hub = await startTestHub()
    const answer = await hub.askAs('/')
    const page = await answer.text()
    const [, style = ''] = /<style>([^]*)<\/style>/.exec(page) ?? []
    assert.ok(style.length > 100)
    const policy = answer.headers.get('content-security-policy') ?? ''
    assert.ok(policy.includes(`style-src 'sha256-${hash('sha256', style, 'base64')}'`))
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"])
      assert.ok(policy.includes(part))
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(answer.headers.get('referrer-policy'), 'no-referrer')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.doesNotMatch(page, /<script|<link|<img|style="/)
  })
})

describe('the page of an event', () => {
  test('says why, and what the source said', async () => {
    await using hub = await startTestHub()
    hub.store.keep({
      events: [someEvent(0, { title: 'Disk nearly full', labels: { disk: 'var' }, data: { percent: 91 } })],
      verdicts: [someVerdict(0, { state: 'suppressed', by: 'silence', reason: 'the move of May', rule: 'disks' })],
    })
    for (const id of [toId(1000), toId(1000).toUpperCase()]) {
      const page = await (await hub.askAs(`/events/${id}`)).text()
      assert.match(page, /<h1>Disk nearly full<\/h1>/)
      assert.match(page, /rule &quot;disks&quot;.*→ team: suppressed by silence.*the move of May/)
      assert.match(page, /<dt>disk<\/dt>\s*<dd>var<\/dd>/)
      assert.match(page, /<dt>percent<\/dt>\s*<dd>91<\/dd>/)
    }
  })

  test('that is not there is 404 with a sentence', async () => {
    await using hub = await startTestHub()
    for (const path of ['/events/0000000z8', '/events/no-id', '/events/%00']) {
      const answer = await hub.askAs(path)
      assert.equal(answer.status, 404, path)
      assert.match(await answer.text(), /There is no event by that id, or it is no longer kept\./)
    }
  })
})

describe('hosts', () => {
  const pi4 = {
    name: 'pi4',
    firstSeenAt: at,
    lastSeenAt: at,
    source: 'agents',
    sample: {
      metrics: { cpu_percent: 12.3, 'filesystem_percent{mount="/data"}': 61, cpu_count: 4 },
      uptimeSeconds: 7200,
    },
  }

  test('are listed with their figures, and a silent one is called so', async () => {
    await using hub = await startTestHub()
    assert.match(await (await hub.askAs('/hosts')).text(), /No hosts yet/)
    hub.store.known.push(pi4, { ...pi4, name: 'a/b?c', lastSeenAt: Date.now() })
    const page = await (await hub.askAs('/hosts')).text()
    const text = page.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
    assert.match(text, /2 hosts .*pi4 .*not heard for \d+ d .*12 % .*61 % \/data .*2 h 0 min/)
    assert.match(text, /a\/b\?c .*well/)
    assert.match(page, /href="\/hosts\/a%2Fb%3Fc"/)
    assert.match(page, /class="spark"/)
  })

  test('have a page each, with graphs, spans and the last sample; of an unknown one it says so', async () => {
    await using hub = await startTestHub()
    hub.store.known.push(pi4, { ...pi4, name: 'a/b?c' })
    const page = await hub.askAs('/hosts/pi4?span=7d')
    assert.equal(page.status, 200)
    const html = await page.text()
    assert.equal(html.match(/<svg class="graph"/g)?.length, 2, 'the number of processors is no curve')
    assert.match(html, /<span aria-current="true">7d<\/span>/)
    assert.match(html, /href="\/hosts\/pi4\?span=7d&amp;metric=cpu_count"/)
    assert.equal((await hub.askAs('/hosts/a%2Fb%3Fc?span=nonsense')).status, 200)
    const one = await (await hub.askAs('/hosts/pi4?metric=cpu_count')).text()
    assert.equal(one.match(/<svg class="graph"/g)?.length, 1)
    for (const path of ['/hosts/none', '/hosts/%', '/hosts/%ff']) {
      const missing = await hub.askAs(path)
      assert.equal(missing.status, 404)
      assert.match(await missing.text(), /There is no host by that name/)
    }
    assert.equal((await hub.ask('/hosts')).status, 401)
  })
})
