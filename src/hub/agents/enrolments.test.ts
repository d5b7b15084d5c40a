// Codes and tokens of hosts: what lets in, for how long, and what is left of them in the file.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createGate } from '../../http/auth.ts'
import { enrolmentFile, type Enrolments, nameProblem, openEnrolments } from './enrolments.ts'

const at = Date.UTC(2026, 10, 20, 3)
const hourMs = 3_600_000
const secret = 'a-token-that-the-agent-made-by-itself-0123456789'

function openHouse() {
  const folder = mkdtempSync(join(tmpdir(), 'sereno-enrol-'))
  const house = {
    folder,
    now: at,
    changes: 0,
    damaged: [] as string[],
    enrolments: open(),
    restart: () => void (house.enrolments = open()),
    file: () => readFileSync(join(folder, enrolmentFile), 'utf8'),
    /** What the hub's gate says to a secret at this time. */
    admits(text: string) {
      const gate = createGate(house.enrolments.tokens(), { loopback: true, cookieName: 'c' })
      const headers = { authorization: `Bearer ${text}` }
      const admission = gate.admit({ method: 'POST', headers, remote: '192.0.2.1' }, [], house.now)
      if (!admission.ok) return admission.error
      return admission.by?.enrols === true ? 'as a code' : (admission.by?.sources ?? []).join(', ')
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
  function open(): Enrolments {
    return openEnrolments({
      folder,
      now: () => house.now,
      changed: () => void (house.changes += 1),
      damaged: (aside) => void house.damaged.push(aside),
    })
  }
  return house
}

test('a code lets a host in until it expires, and its token from then on, also after a restart', async () => {
  using house = openHouse()
  const { code, expiresAt } = await house.enrolments.invite('nas', hourMs)
  assert.equal(expiresAt, at + hourMs)
  assert.equal(house.admits(code), 'as a code')
  assert.match(house.admits(secret), /token is wrong/)
  assert.deepEqual(await house.enrolments.enrol('nas', { token: secret, host: 'nas.lan' }), { ok: true, twins: [] })
  house.now += hourMs
  house.restart()
  assert.match(house.admits(code), /expired/)
  assert.equal(house.admits(secret), 'nas/*')
  assert.equal(house.changes, 2)
})

test('neither code nor token can be read from the file, which is for its owner alone', async () => {
  using house = openHouse()
  const { code } = await house.enrolments.invite('nas', hourMs)
  await house.enrolments.enrol('nas', { token: secret })
  assert.ok(!house.file().includes(code) && !house.file().includes(secret))
  assert.equal(statSync(join(house.folder, enrolmentFile)).mode & 0o777, 0o600)
})

test('a code is good once: again for the same token, whose answer may have been lost, and for no other', async () => {
  using house = openHouse()
  await house.enrolments.invite('nas', hourMs)
  await house.enrolments.enrol('nas', { token: secret })
  house.restart()
  assert.deepEqual(await house.enrolments.enrol('nas', { token: secret }), { ok: true, twins: [] })
  const other = await house.enrolments.enrol('nas', { token: `${secret}-of-another` })
  assert.match(other.ok ? '' : other.error, /used already/)
  assert.equal(house.admits(secret), 'nas/*')
})

test('two hosts that ask at once with one code are not both let in', async () => {
  using house = openHouse()
  await house.enrolments.invite('nas', hourMs)
  const results = await Promise.all(
    ['one', 'two'].map((name) => house.enrolments.enrol('nas', { token: `${secret}-${name}` })),
  )
  assert.deepEqual(
    results.map(({ ok }) => ok),
    [true, false],
  )
})

test('who is turned away is not let in, keeps no code, and can be let in again by the same token', async () => {
  using house = openHouse()
  const { code } = await house.enrolments.invite('nas', hourMs)
  await house.enrolments.enrol('nas', { token: secret })
  assert.equal(await house.enrolments.revoke('nas'), true)
  assert.equal(await house.enrolments.revoke('nas'), false)
  house.restart()
  for (const text of [secret, code]) assert.match(house.admits(text), /token is wrong/)
  assert.equal(await house.enrolments.restore('nas'), true)
  assert.equal(await house.enrolments.restore('nas'), false)
  assert.equal(house.admits(secret), 'nas/*')
  assert.equal(await house.enrolments.restore('nobody'), false)
})

test('a new code replaces the token once it is used, not before', async () => {
  using house = openHouse()
  await house.enrolments.invite('nas', hourMs)
  await house.enrolments.enrol('nas', { token: secret })
  await house.enrolments.invite('nas', hourMs)
  assert.equal(house.admits(secret), 'nas/*')
  const next = `${secret}-next`
  await house.enrolments.enrol('nas', { token: next })
  assert.match(house.admits(secret), /token is wrong/)
  assert.equal(house.admits(next), 'nas/*')
})

test('a machine id that another agent has is named', async () => {
  using house = openHouse()
  for (const name of ['nas', 'copy', 'web']) await house.enrolments.invite(name, hourMs)
  await house.enrolments.enrol('nas', { token: `${secret}-1`, machineId: 'm' })
  await house.enrolments.enrol('web', { token: `${secret}-2` })
  const result = await house.enrolments.enrol('copy', { token: `${secret}-3`, machineId: 'm' })
  assert.deepEqual(result, { ok: true, twins: ['nas'] })
})

test('a damaged file is set aside, and nobody is let in by it', async () => {
  using house = openHouse()
  await house.enrolments.invite('nas', hourMs)
  writeFileSync(join(house.folder, enrolmentFile), '{"v":1,"agents":[{"name"')
  house.restart()
  assert.deepEqual(house.enrolments.list(), [])
  assert.equal(house.damaged.length, 1)
  assert.ok(readdirSync(house.folder).some((name) => name.startsWith('agents.json.damaged-')))
})

test('names are those of sources, and not those of the configuration', () => {
  assert.equal(nameProblem('nas-1.lan', ['first']), undefined)
  for (const name of ['', 'a/b', '../x', 'a b', 'x'.repeat(200)]) assert.match(nameProblem(name, []) ?? '', /no name/)
  assert.match(nameProblem('first', ['first']) ?? '', /name of a token of the configuration/)
})
