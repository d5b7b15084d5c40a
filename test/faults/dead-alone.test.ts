// A channel that cannot be told, and nobody in its place: the page, the metrics, the log and readiness say so, until it can again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHubHouse } from '../support/hub-house.ts'
import { startSlackDouble } from '../support/slack-double.ts'

test('a dead channel without a fallback is seen everywhere else, and so is its end', async () => {
  await using house = await createHubHouse()
  await using team = await startSlackDouble()
  await house.configure(`
sources: { message: { kind: message } }
channels: { team: { kind: slack, url: ${JSON.stringify(team.url)}, expireAfter: 5s } }
rules: [{ on: message, to: [team] }]
`)
  await team.down()
  const hub = await house.start()
  assert.equal(await house.metric('sereno_channel_up', 'channel="team"'), 1)
  assert.equal((await house.post('lost')).status, 200)
  const isReady = async (): Promise<boolean> => (await house.ask('/readyz')).status === 200
  await house.until('the hub is not ready', async () => !(await isReady()))
  await house.until('the log says so', () => /channel team cannot be told.*No connection/.test(hub.output()))
  assert.equal(await house.metric('sereno_channel_up', 'channel="team"'), 0)
  assert.ok((await house.metric('sereno_refusals_total', 'channel="team",reason="unreachable"')) > 0)
  assert.match((await house.ask('/')).text, /role="alert"[^]*channel team cannot be told/)

  await team.up()
  await house.until('it is told again', async () => {
    // One that waits out the pause between attempts.
    if ((await house.metric('sereno_outbox_waiting')) === 0) await house.post('once more')
    return await isReady()
  })
  await house.until('the log says that, too', () => /channel team can be told again/.test(hub.output()))
  assert.equal(await house.metric('sereno_channel_up', 'channel="team"'), 1)
  assert.equal(hub.output().split('cannot be told').length, 2, 'once for each outage')
})
