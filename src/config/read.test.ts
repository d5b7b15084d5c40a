// Good configurations: what the hub is given, with defaults, references, implied sources, and nothing loaded in vain.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { defaultName, defaultText } from './default.ts'
import { explain } from './explain.ts'
import { initFile } from './init.ts'
import { graceOf } from './mute.ts'
import { muteOptions } from './mute-options.ts'
import { kindsForTests, readForTest } from './kinds-for-tests.ts'

test('times become milliseconds, lists stay lists, defaults are filled in', async () => {
  const { config, issues } = await readForTest(`
hub:
  listen: '[::1]:0'
  url: https://sereno.example.org/
  fallback: team
  heartbeat: https://beat.example.org/x
  retention: { unmatched: 3d, size: 2GB }
  history: { minute: 7d }
sources:
  app: { kind: tail, path: /var/log/app.log, idle: 90s, timezone: Europe/Rome, host: web1, labels: { site: rome }, open: 10.0.0.0/8, maxAge: 10m }
channels:
  team: { kind: chat, url: 'https://chat.example.org/x', throttle: { max: 20, per: 1m }, expireAfter: 2h }
rules:
  - { on: kms.*, where: [zone="internal", 'machine!=""'], severity: error, dedupe: { by: machine, for: 1h }, throttle: { max: 3, per: 5m }, template: short, to: [team, team], stop: true }
  - { on: [message, sereno.*], to: team, template: { text: '{{ text }}' } }
templates:
  short: { title: '{{ subject }}' }
`)
  assert.deepEqual(explain(issues), [])
  assert.deepEqual(config?.hub, {
    listen: { host: '::1', port: 0 },
    url: 'https://sereno.example.org',
    data: './sereno-data',
    tokens: [],
    insecure: false,
    dryRun: false,
    open: { metrics: [] },
    fallback: 'team',
    heartbeat: { url: 'https://beat.example.org/x', everyMs: 60_000 },
    retention: {
      unmatchedMs: 259_200_000,
      restMs: 7_776_000_000,
      factsMs: 1_209_600_000,
      sizeBytes: 2_000_000_000,
    },
    history: { minuteMs: 604_800_000, tenMinutesMs: 7_776_000_000, hourMs: 63_072_000_000 },
    maxBodyBytes: 4_194_304,
  })
  assert.deepEqual(config.sources[0], {
    name: 'app',
    kind: 'tail',
    options: { path: '/var/log/app.log', zones: {}, lines: 10, idle: 90_000, tls: false },
    timezone: 'Europe/Rome',
    host: 'web1',
    labels: { site: 'rome' },
    open: ['10.0.0.0/8'],
    maxAgeMs: 600_000,
    implied: false,
  })
  assert.deepEqual(config.channels, [
    {
      name: 'team',
      kind: 'chat',
      options: { url: 'https://chat.example.org/x', mode: 'plain', headers: {} },
      throttle: { max: 20, perMs: 60_000 },
      expireAfterMs: 7_200_000,
    },
  ])
  const [first, second] = config.rules
  assert.deepEqual(JSON.parse(JSON.stringify(first)), {
    name: 'kms-all',
    on: ['kms.*'],
    where: [
      { name: 'zone', op: '=', value: 'internal' },
      { name: 'machine', op: '!=', value: '' },
    ],
    severity: 'error',
    dedupe: { by: ['machine'], forMs: 3_600_000, tell: 'next' },
    throttle: { max: 3, perMs: 300_000 },
    template: { title: '{{ subject }}' },
    to: ['team'],
    stop: true,
  })
  assert.equal(first?.where[0]?.matches('internal'), true)
  assert.deepEqual(second, {
    name: 'message-sereno-all',
    on: ['message', 'sereno.*'],
    where: [],
    template: { text: '{{ text }}' },
    to: ['team'],
    stop: false,
  })
  assert.deepEqual(config.templates, { short: { title: '{{ subject }}' } })
})

test('the message endpoint and CloudEvents are there unless they are configured', async () => {
  const names = async (text: string) =>
    (await readForTest(text)).config?.sources.map(({ name, kind, implied }) => `${name} ${kind} ${implied}`)
  assert.deepEqual(await names('hub: {}'), ['message message true', 'events cloudevents true'])
  assert.deepEqual(await names('sources: { scripts: { kind: message } }'), [
    'scripts message false',
    'events cloudevents true',
  ])
  assert.deepEqual(await names('sources: { events: { kind: message } }'), [
    'events message false',
    'hub-events cloudevents true',
  ])
})

test('only the kinds that are named are loaded', async () => {
  const loaded: string[] = []
  const kinds = kindsForTests((name) => void loaded.push(name))
  await readForTest('channels: { a: { kind: console } }\nsources: { b: { kind: nonsense } }', { kinds })
  assert.deepEqual(loaded.sort(), ['cloudevents', 'console', 'message'])
})

test('references are filled in anywhere in a text, also where a number is wanted', async () => {
  const files: { readonly [path: string]: string } = { '/run/token': 's3cret-of-the-chat\n', '/run/two': 'a\n\n' }
  const { config, issues } = await readForTest(
    `
sources:
  app: { kind: tail, path: '/var/\${env:DIR}/$\${env:DIR}/\${file:/run/two}', lines: '\${env:LINES}', tls: "\${env:TLS}" }
channels:
  team: { kind: chat, url: '\${env:BASE}/\${file:/run/token}', headers: { x: 'price: $5 {a} \${1}' } }
`,
    {
      env: { DIR: 'log', LINES: '42', TLS: 'true', BASE: 'https://chat.example.org' },
      readFile: async (path) => files[path] ?? Promise.reject(new Error(path)),
    },
  )
  assert.deepEqual(explain(issues), [])
  assert.deepEqual(config?.sources[0]?.options, {
    path: '/var/log/${env:DIR}/a\n',
    zones: {},
    lines: 42,
    idle: 60_000,
    tls: true,
  })
  assert.deepEqual(config.channels[0]?.options, {
    url: 'https://chat.example.org/s3cret-of-the-chat',
    mode: 'plain',
    headers: { x: 'price: $5 {a} ${1}' },
  })
})

test('a replay needs no secrets', async () => {
  const text = 'channels: { team: { kind: chat, url: "${env:CHAT_URL}" } }'
  const strict = await readForTest(text)
  assert.equal(strict.config, undefined)
  const { config, issues } = await readForTest(text, { references: 'may-be-missing' })
  assert.deepEqual(explain(issues), [])
  assert.equal(config?.channels[0]?.name, 'team')
  const asked = await readForTest('sources: { a: { kind: tail, path: /x, lines: "${env:LINES}" } }', {
    references: 'may-be-missing',
  })
  assert.deepEqual(explain(asked.issues), [
    'sereno.yaml:1:46: the environment variable LINES is not set; set it where Sereno is started',
  ])
})

test('what is stored holds references and no secret', async () => {
  const { document } = await readForTest(
    `
hub:
  tokens: [{ name: ci, token: literal-token-0123 }]
  heartbeat: https://beat.example.org/secret-path
sources: { app: { kind: tail, path: 'redis://user:pass-word@db/0' } }
channels:
  team: { kind: chat, url: '\${env:CHAT_URL}', headers: { authorization: 'Bearer abcdef', x: 'k \${env:KEY}' } }
rules: [{ on: message, to: team }]
`,
    { env: { CHAT_URL: 'https://chat.example.org/hidden', KEY: 'hidden-key' } },
  )
  assert.deepEqual(document, {
    hub: { tokens: [{ name: 'ci', token: '***' }], heartbeat: '***' },
    sources: { app: { kind: 'tail', path: 'redis://user:***@db/0' } },
    channels: { team: { kind: 'chat', url: '${env:CHAT_URL}', headers: { authorization: '***', x: '***${env:KEY}' } } },
    rules: [{ on: 'message', to: 'team' }],
  })
})

test('no mistake shows a secret, written or referred to', async () => {
  const { issues, document } = await readForTest(
    `
hub: { heartbeat: ftp://secret-heartbeat, tokens: [{ name: a, token: tiny-secret }] }
sources: { app: { kind: tail, path: /x, idle: '\${env:IDLE}', lines: '\${env:IDLE}' } }
channels:
  a: { kind: chat, url: secret-in-the-file }
  b: { kind: chat, url: '\${env:CHAT}' }
  c: { kind: '\${env:CHAT}' }
  d: { kind: chat, url: 'https://x', mode: '\${env:CHAT}' }
rules: [{ on: '\${env:CHAT}', to: '\${env:CHAT}', where: '\${env:CHAT}' }]
`,
    { env: { IDLE: 'xoxb', CHAT: 'secret-of-the-environment '.repeat(4) } },
  )
  const told = explain(issues).join('\n')
  assert.ok(issues.length >= 8, told)
  assert.doesNotMatch(`${told}${JSON.stringify(document)}`, /xoxb|secret-|secret of/)
  assert.match(told, /:5:25: "\*\*\*" is no address/)
  assert.match(told, /:6:25: "\$\{env:CHAT\}" is no address/)
})

test('the built-in default and the file of init are good', async () => {
  for (const [text, file] of [
    [defaultText, defaultName],
    [initFile(), 'sereno.yaml'],
  ] as const) {
    const { config, issues, warnings } = await readForTest(text, { file })
    assert.deepEqual(explain([...issues, ...warnings]), [])
    assert.deepEqual(
      config?.channels.map(({ kind }) => kind),
      ['console'],
    )
    assert.deepEqual(config.hub.open.metrics, ['127.0.0.0/8', '::1/128'])
    assert.deepEqual(config.sources.find(({ kind }) => kind === 'message')?.open, ['127.0.0.0/8', '::1/128'])
    assert.deepEqual(
      config.rules.flatMap(({ on }) => on),
      ['message', 'host.*', 'sereno.*'],
    )
  }
})

test('anchors are followed, and bombs of them are refused', async () => {
  const good = await readForTest('channels: { a: &a { kind: console }, b: *a }')
  assert.deepEqual(
    good.config?.channels.map(({ name }) => name),
    ['a', 'b'],
  )
  const bomb = Array.from(
    { length: 30 },
    (_, n) => `  a${n}: &a${n} [${n === 0 ? 'x' : `*a${n - 1}, *a${n - 1}`}]`,
  ).join('\n')
  const bad = await readForTest(`sources:\n${bomb}\n`)
  assert.match(explain(bad.issues).join('\n'), /more than 100000 values/)
  for (const text of [
    'a: &a { b: *a }',
    '['.repeat(20_000),
    '{a: '.repeat(20_000),
    `a: ${'['.repeat(100)}${']'.repeat(100)}`,
  ]) {
    const { config, issues } = await readForTest(text)
    assert.equal(config, undefined)
    assert.ok(issues.length > 0)
  }
})

const words = [
  'hub',
  'sources',
  'channels',
  'rules',
  'templates',
  'kind',
  'tail',
  'chat',
  'url',
  'on',
  'to',
  'where',
  'by',
  'for',
  'dedupe',
  '1h',
  '${env:X}',
  '${file:/x}',
  '&a',
  '*a',
  '-',
  ':',
  '{',
  '}',
  '[',
  ']',
  ',',
  '\n',
  '  ',
  '"',
  "'",
  '#',
  '|',
  '? ',
  '!t',
  '<<',
  '__proto__',
  'null',
  '0',
  '~',
  '\t',
  '---',
]

test('any text gives a configuration or mistakes within it', async () => {
  const tokens = fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((list) => list.join(' '))
  const lines = fc.array(
    fc.tuple(fc.constantFrom('', '  ', '    '), fc.constantFrom(...words), fc.constantFrom(...words)),
    { maxLength: 12 },
  )
  const block = lines.map((list) => list.map(([indent, key, value]) => `${indent}${key}: ${value}`).join('\n'))
  const json = fc.object({ key: fc.constantFrom(...words), maxDepth: 4 }).map((value) => JSON.stringify(value))
  await fc.assert(
    fc.asyncProperty(fc.oneof(tokens, block, json, fc.string()), async (text) => {
      const { config, issues } = await readForTest(text)
      assert.equal(config === undefined, issues.length > 0)
      const count = text.split('\n').length
      for (const { line = 0, column = 0, message } of issues) {
        assert.ok(line >= 1 && line <= count + 1 && column >= 1, `${line}:${column}`)
        assert.match(message, /; |\?$/)
      }
    }),
    { numRuns: 1500 },
  )
})

test('the spans of boots are those that their options are said to have', () => {
  const said = (name: 'vmGrace' | 'grace' | 'shutdownGrace' | 'maxBootUptime'): number => {
    const words = muteOptions.shape[name].description ?? assert.fail(name)
    return 1000 * Number(/Default: (\d+)s\.$/.exec(words)?.[1])
  }
  assert.deepEqual(graceOf([]), {
    vmGraceMs: said('vmGrace'),
    graceMs: said('grace'),
    shutdownGraceMs: said('shutdownGrace'),
    maxBootUptimeMs: said('maxBootUptime'),
  })
})
