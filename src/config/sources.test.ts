// The endpoint for heartbeats: there as soon as one is watched, for the names of the watches, whoever names it or not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readForTest } from './kinds-for-tests.ts'
import { builtInKinds } from './load.ts'

const watches = `
watches:
  nightly: { kind: heartbeat, schedule: '30 2 * * *', timezone: Europe/Rome, grace: 2h }
  hourly: { kind: heartbeat, every: 1h }
`

async function read(text: string) {
  const { config, issues } = await readForTest(text, { kinds: await builtInKinds() })
  const sources = config?.sources.map(({ name, kind, implied, options, open }) => ({
    name,
    kind,
    implied,
    options,
    open,
  }))
  return {
    source: sources?.find(({ kind }) => kind === 'heartbeat'),
    options: config?.watches[0]?.options,
    issues: issues.map(({ line, column, message }) => `${line}:${column} ${message}`),
  }
}

test('no watch, no endpoint', async () => {
  assert.equal((await read('hub: {}')).source, undefined)
})

test('it is there by itself, with a free name', async () => {
  const names = ['nightly', 'hourly']
  const implied = { kind: 'heartbeat', implied: true, open: [] }
  assert.deepEqual((await read(watches)).source, { ...implied, name: 'heartbeat', options: { names } })
  const taken = 'watches: { heartbeat: { kind: heartbeat, every: 1h } }'
  assert.deepEqual((await read(taken)).source, { ...implied, name: 'hub-heartbeat', options: { names: ['heartbeat'] } })
})

test('when it is named, to open it to a range of addresses, it takes the same names', async () => {
  const { source } = await read(`sources: { beats: { kind: heartbeat, open: [10.0.0.0/8] } }${watches}`)
  const expected = { name: 'beats', kind: 'heartbeat', implied: false, open: ['10.0.0.0/8'] }
  assert.deepEqual(source, { ...expected, options: { names: ['nightly', 'hourly'] } })
})

test('it may be kept to some of the names, but to none that nobody watches', async () => {
  const some = await read(`sources: { beats: { kind: heartbeat, names: [hourly] } }${watches}`)
  assert.deepEqual(some.source?.options, { names: ['hourly'] })
  const { issues } = await read(`sources: { beats: { kind: heartbeat, names: [hourly, nightli] } }${watches}`)
  assert.deepEqual(issues, ['1:54 the watch of kind heartbeat "nightli" is not known; did you mean "nightly"?'])
})

test('a watch that has a mistake is not said to be missing as well', async () => {
  const { issues } = await read(
    'sources: { beats: { kind: heartbeat, names: [nightly] } }\nwatches: { nightly: { kind: heartbeat, schedule: "30 2 * *x *" } }',
  )
  assert.equal(issues.length, 1)
  assert.match(issues[0] ?? '', /^2:50 .*is no schedule of cron/)
})

test('what a heartbeat is watched by must be said, once, and make sense', async () => {
  const mistakes = async (options: string) =>
    (await read(`watches: { job: { kind: heartbeat, ${options} } }`)).issues.join('\n')
  assert.match(
    await mistakes('grace: 1h'),
    /nothing says when it is to come; give every: 1d, or schedule: "30 2 \* \* \*"/,
  )
  assert.match(await mistakes('every: 1d, schedule: daily'), /either every so often or by a schedule; remove one/)
  assert.match(await mistakes('every: 1d, timezone: UTC'), /a zone is for a schedule/)
  assert.match(await mistakes('schedule: daily, startGrace: 1h'), /which may be 1h late; write less, or a longer grace/)
  assert.match(await mistakes('every: 5s'), /too short; write at least 10s/)
  assert.match(await mistakes('evry: 1d'), /did you mean "every"/)
  assert.equal(await mistakes('every: 1d, startGrace: 1h'), '')
})

test('options are read as they are meant', async () => {
  const { options } = await read(watches)
  const expected = {
    schedule: '30 2 * * *',
    timezone: 'Europe/Rome',
    grace: 7_200_000,
    failAfter: 1,
    severity: 'error',
  }
  assert.deepEqual(options, expected)
})
