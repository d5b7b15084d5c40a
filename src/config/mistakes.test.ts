// Mistakes in a configuration: each is told with its place, what is wrong and what would be right, all at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explain } from './explain.ts'
import { readForTest } from './kinds-for-tests.ts'

/** The file on the left leads to exactly the lines on the right, without `sereno.yaml:`. */
const mistakes: readonly [text: string, lines: readonly string[]][] = [
  ['', ["1:1: the configuration is empty; 'sereno init' writes one to begin with"]],
  [
    '- a\n',
    [
      "1:1: a configuration is a mapping with the keys hub, sources, watches, channels, mute, rules, templates, not a list; 'sereno init' writes one to begin with",
    ],
  ],
  [
    'a: b: c\n',
    [
      `1:4: a second key stands on one line, or the indentation is off; put text with ": " in quotes, and align keys that belong together`,
    ],
  ],
  ['hub:\n\tlisten: x\n', ['2:1: a tab indents this line; use spaces']],
  ['hub: { url: "x }\n', ['2:1: a quote is opened and never closed; close it']],
  [
    'channels:\n  team: { kind: chat, url: ${env:URL} }\n',
    ['2:29: a reference between { } or [ ] needs quotes; write "${env:NAME}"'],
  ],
  [
    'hub: {}\n--- {}\n',
    ['2:5: a second document begins here; a configuration is one document, so remove this --- and what follows'],
  ],
  ['hub: *none\n', ['1:6: nothing is anchored as &none; put &none before the value meant']],
  ['? [a]\n: b\n', ['1:3: this cannot be a key; write a plain word before the colon']],
  ['chanels: {}\n', ['1:1: the section "chanels" is not known; did you mean "channels"?']],
  [
    'watches: []\n',
    ['1:10: watches is a mapping of names here, not a list; write a name, a colon, and its options below it'],
  ],
  [
    'mute: [night]\n',
    [
      "1:7: mute is a mapping of names to windows, not a list; write for example night: { kind: quiet, from: '22:00', until: '07:00' }",
    ],
  ],
  ['mute: { a: { kind: quiet } }\n', ['1:12: nothing says when; give from and until, or every and for']],
  [
    "mute: { a: { kind: quiet, from: '22:00', until: soon } }\n",
    [
      '1:49: "soon" is no time; write a time of day such as 22:00 in both, or in both a date with its offset such as 2026-12-01T20:00:00+01:00',
    ],
  ],
  [
    "mute: { a: { kind: quiet, from: '22:00', until: '22:00' } }\n",
    ['1:49: it ends when it begins; give another time'],
  ],
  [
    'mute: { a: { kind: maintenance, every: "Sun 03:00" } }\n',
    ['1:12: every says when it begins; give for, how long it lasts'],
  ],
  ['mute: { a: { kind: startup, shutdownGrace: 2m } }\n', ['1:44: shutdownGrace is for shutdown; remove it here']],
  [
    "mute: { a: { kind: shutdown, from: '1:00', until: '2:00' } }\n",
    ['1:12: a window of kind shutdown is opened by what the host does; remove from, until and every'],
  ],
  ['mute: { a: { kind: quite } }\n', ['1:20: "quite" is not known here; did you mean "quiet"?']],
  ['hub: {}\nsources: {}\nhub: {}\n', ['3:1: "hub" is given twice here, first in line 1; remove one of them']],
  ['hub: { listn: x }\n', ['1:8: the key "listn" is not known; did you mean "listen"?']],
  ['hub: { listen: 8723 }\n', ['1:16: a text is expected here, not 8723; put it in quotes']],
  [
    'hub: { listen: "8723" }\n',
    ['1:16: "8723" is no address to listen on; write host:port, such as 127.0.0.1:8723 or [::1]:8723'],
  ],
  [
    'hub: { listen: "0.0.0.0:8723" }\n',
    [
      '1:16: 0.0.0.0:8723 can be reached from other machines, and without tls anyone on the way could read the tokens; give hub.tls {cert, key}, or write insecure: true under hub when a proxy in front of it does TLS',
    ],
  ],
  ['hub: { tls: { cert: a.pem } }\n', ['1:8: "key" is missing; add it (PEM file with its private key)']],
  ['hub: { url: sereno }\n', ['1:13: "sereno" is no web address; write one such as https://sereno.example.org']],
  ['hub: { insecure: yes }\n', ['1:18: true or false is expected here, not "yes"; write true or false']],
  ['hub: { timezone: Rome }\n', ['1:18: "Rome" is no time zone; write an IANA name such as Europe/Rome or UTC']],
  [
    'hub: { retention: { rest: 90 } }\n',
    ['1:27: 90 has no unit; write a number and a unit, such as 90s, 5m, 1h30m or 7d'],
  ],
  [
    'hub: { open: { metrics: [10.0.0.0/33] } }\n',
    ['1:26: "10.0.0.0/33" is no address range; write one such as 10.10.0.0/16, fd00::/8 or 192.0.2.7'],
  ],
  [
    'hub:\n  fallback: tema\nchannels:\n  team: { kind: console }\n',
    ['2:13: the channel "tema" is not known; did you mean "team"?'],
  ],
  [
    'hub: { tokens: [{ name: a, token: 0123456789abcdef }, { name: a, token: short, sources: mesage }] }\n',
    [
      '1:63: two tokens have this name; give each its own',
      '1:73: this token is too short to be secret; write at least 16 characters',
      '1:89: the source "mesage" is not known; did you mean "message"?',
    ],
  ],
  [
    'sources: [a]\n',
    ['1:10: sources is a mapping of names here, not a list; write a name, a colon, and its options below it'],
  ],
  [
    'sources:\n  log:\n',
    ['2:3: the source "log" has no options; write at least kind: and one of message, cloudevents, host, sysinfo, tail'],
  ],
  [
    'sources:\n  log: { path: /x }\n',
    ['2:3: the source "log" has no kind; write kind: and one of message, cloudevents, host, sysinfo, tail'],
  ],
  ['sources:\n  log: { kind: tial }\n', ['2:16: the kind of source "tial" is not known; did you mean "tail"?']],
  [
    'sources:\n  log: { kind: kafka }\n',
    ['2:16: the kind of source "kafka" is not known; there are: message, cloudevents, host, sysinfo, tail'],
  ],
  [
    'sources:\n  "a b": { kind: message }\n',
    ['2:3: "a b" cannot be the name of a source; use letters, digits, _ . and -'],
  ],
  ['sources:\n  log: { kind: tail }\n', ['2:3: "path" is missing; add it (The file to follow)']],
  ['sources:\n  log: { kind: tail, path: "" }\n', ['2:28: "path" is empty; write a text']],
  [
    'sources:\n  log: { kind: tail, path: /x, timezon: UTC, lines: 0, idle: 5, most: much }\n',
    [
      '2:32: the key "timezon" is not known; did you mean "timezone"?',
      '2:53: 0 is too small; write at least 1',
      '2:62: 5 has no unit; write a number and a unit, such as 90s, 5m, 1h30m or 7d',
      '2:71: "much" is no size; write a number and a unit, such as 64KiB, 10MB or 2GB',
    ],
  ],
  [
    'sources:\n  log:\n    kind: tail\n    path: /x\n    zones:\n      a: 10.0.0.0/8\n      b: [10.0.0.0/8, 10.0.0.256]\n',
    ['7:23: "10.0.0.256" is no address range; write one such as 10.10.0.0/16, fd00::/8 or 192.0.2.7'],
  ],
  [
    'sources:\n  log: { kind: message, labels: { a-b: x } }\n',
    ['2:35: "a-b" cannot be a name here; a label is named by letters, digits and _'],
  ],
  [
    'sources:\n  log: { kind: message, labels: { a: 1 } }\n',
    ['2:38: a text is expected here, not 1; put it in quotes'],
  ],
  [
    'channels:\n  a: { kind: console, throttle: { max: 5 }, fallback: a }\n',
    [
      '2:23: "per" is missing; add it (The span)',
      '2:55: a channel cannot stand in for itself; name another one, or remove fallback',
    ],
  ],
  [
    'channels:\n  a: { kind: chat, url: "http:x", mode: rihc }\n',
    ['2:41: "rihc" is not known here; did you mean "rich"?'],
  ],
  [
    'channels:\n  a: { kind: chat, url: "${env:CHAT_ULR}" }\n',
    ['2:25: the environment variable CHAT_ULR is not set; did you mean CHAT_URL?'],
  ],
  [
    'channels:\n  a: { kind: chat, url: "${file:/none}" }\n',
    ['2:25: the file /none cannot be read (there is no such file); check the path and who may read it'],
  ],
  [
    'channels:\n  a: { kind: chat, url: "${CHAT_URL}", headers: { h: "${vault:x}" } }\n',
    [
      '2:25: "${CHAT_URL}" is no reference; write ${env:CHAT_URL} for an environment variable, or $${CHAT_URL} for the text itself',
      '2:54: "${vault:…}" is no known reference; write ${env:NAME} or ${file:/path}',
    ],
  ],
  ['rules: {}\n', ['1:8: rules is a list here, not a mapping; begin each with "- "']],
  ['rules:\n  - kms\n', ['2:5: a rule is a mapping, not "kms"; write for example { on: message, to: team }']],
  [
    'rules:\n  - { on: message }\n',
    ['2:5: this rule tells nobody; name channels in to, or write stop: true to end the search here'],
  ],
  ['rules:\n  - { stop: true }\n', ['2:5: "on" is missing; add it (Event types; * stands for any characters)']],
  [
    'rules:\n  - { on: kms.activatoin, stop: true }\n',
    ['2:11: the event type "kms.activatoin" is not known; did you mean "kms.activation"?'],
  ],
  [
    'rules:\n  - { on: [message, kms.probably], stop: true }\n',
    ['2:21: the event type "kms.probably" is not known; there are: kms.activation, kms.renewal'],
  ],
  [
    'rules:\n  - on: message\n    to: tema\nchannels:\n  team: { kind: console }\n',
    ['3:9: the channel "tema" is not known; did you mean "team"?'],
  ],
  [
    `rules:\n  - { on: message, stop: true, where: ['a="b"', 'zone=~"('] }\n`,
    ['2:49: the " is never closed; write a " behind the value; at character 7'],
  ],
  [
    'rules:\n  - { on: message, stop: true, severity: eror, dedupe: { by: [], for: 1h, tell: later } }\n',
    ['2:42: "eror" is not known here; did you mean "error"?', '2:81: "later" is not known here; write next or end'],
  ],
  [
    'rules:\n  - { on: message, stop: true }\n  - { on: message, stop: true }\n',
    ['3:5: this rule and the one in line 2 are both named "message"; give one of them another name'],
  ],
  [
    'rules:\n  - { on: message, stop: true, template: shrt }\ntemplates:\n  message: { title: x }\n',
    ['2:42: the template "shrt" is not known; there are: message'],
  ],
  [
    'templates:\n  kms.activaton: {}\n',
    [
      '2:3: the event type "kms.activaton" is not known; did you mean "kms.activation"?',
      '2:18: the template says nothing; give title, text, or both',
    ],
  ],
]

test('every planted mistake is told in these words, at this place', async (t) => {
  assert.ok(mistakes.length >= 25)
  for (const [text, lines] of mistakes) {
    await t.test(JSON.stringify(text), async () => {
      const { config, issues } = await readForTest(text, { env: { CHAT_URL: 'https://chat.example.org' } })
      assert.deepEqual(
        explain(issues),
        lines.map((line) => `sereno.yaml:${line}`),
      )
      assert.equal(config, undefined)
    })
  }
})

test('all mistakes of a file are told together, from the top down', async () => {
  const plantable = mistakes.filter(([text]) => /^(sources|channels):\n {2}\w+: \{/.test(text) && !text.includes(' ${'))
  assert.ok(plantable.length >= 10)
  const sections = ['sources', 'channels'].map((key) => {
    const entries = plantable
      .filter(([text]) => text.startsWith(key))
      .map(([text], index) => text.split('\n')[1]?.replace(/\w+/, `n${index}`))
    return `${key}:\n${entries.join('\n')}`
  })
  const { issues } = await readForTest(sections.join('\n'), { env: { CHAT_URL: 'https://chat.example.org' } })
  const told = explain(issues).map((line) => line.replace(/^[^ ]+ /, ''))
  for (const line of plantable.flatMap(([, lines]) => lines)) {
    const words = line.replace(/^[^ ]+ /, '')
    if (!/"log"|itself/.test(words)) assert.ok(told.includes(words), words)
  }
  const lines = issues.map(({ line = 0, column = 0 }) => line * 1000 + column)
  assert.deepEqual(
    lines,
    lines.toSorted((a, b) => a - b),
  )
})

test('what is odd but may be meant is a warning', async () => {
  const text = `
channels: { team: { kind: console } }
rules:
  - { on: com.example.thing, to: team }
  - { on: kms.activation, to: team, dedupe: { by: [machin, host, data.x], for: 1h } }
`
  const { config, issues, warnings } = await readForTest(text)
  assert.deepEqual(issues, [])
  assert.equal(config?.rules.length, 2)
  assert.deepEqual(explain(warnings), [
    'sereno.yaml:4:11: the event type "com.example.thing" is none of ours; this matches only if a sender uses it',
    'sereno.yaml:5:52: kms.activation has no field "machin"; did you mean "machine"?',
  ])
})

test('a broken Liquid text is told by whoever knows Liquid', async () => {
  const text =
    'templates: { message: { title: "{{ oops", text: fine } }\nrules: [{ on: message, stop: true, template: { text: "{{ too" } }]\n'
  const templateProblem = (liquid: string) => (liquid.startsWith('{{') ? 'the {{ is never closed' : undefined)
  const { issues } = await readForTest(text, { templateProblem })
  assert.deepEqual(explain(issues), [
    'sereno.yaml:1:32: this template cannot be read: the {{ is never closed',
    'sereno.yaml:2:54: this template cannot be read: the {{ is never closed',
  ])
})

test('issues without a place and with strange characters are one line each', () => {
  assert.deepEqual(explain([{ path: '', message: 'a\nb\u001b[31m' }]), ['a\\nb\\u001b[31m'])
})
