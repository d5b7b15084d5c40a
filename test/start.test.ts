// A hub that cannot start says why in a sentence and ends; one that can keeps what it writes for its owner alone.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createHubHouse, type HubHouse } from './support/hub-house.ts'

const config = `
channels: { out: { kind: console } }
sources: { message: { kind: message } }
rules: [{ on: message, to: [out] }]
`

describe('a hub that cannot start ends with 1 and says what to do', () => {
  test('as another program has its port; nothing is left that says it runs', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    try {
      await using house = await createHubHouse()
      await refuses(house, ['--listen', `127.0.0.1:${port}`], /another program has that port.*choose another/)
      assert.ok(!existsSync(join(house.data, 'hub.json')))
      await house.start()
      await house.stop()
    } finally {
      server.close()
    }
  })

  test('as the address is none, or beyond this machine; then nothing is made at all', async () => {
    await using house = await createHubHouse()
    await refuses(house, ['--listen', 'nonsense'], /--listen nonsense is no address; give HOST:PORT/)
    await refuses(house, ['--listen', '0.0.0.0:1'], /beyond this machine: configure hub\.tls/)
    assert.deepEqual(readdirSync(house.data), [])
  })

  test('as the data folder is a file, lies in one, or is where no folder can be made', async () => {
    await using house = await createHubHouse()
    const file = join(house.folder, 'file')
    writeFileSync(file, '')
    for (const folder of [file, join(file, 'deeper'), '/proc/no-such-folder']) {
      await refuses(
        house,
        ['--data', folder],
        /the data folder \S+ cannot be used \([a-z ]+\); name another with --data/,
      )
    }
  })

  test('as another hub uses the data folder, which goes on undisturbed', async () => {
    await using house = await createHubHouse()
    await house.configure(config)
    await house.start()
    await refuses(house, ['--listen', '127.0.0.1:0'], /another Sereno is using .* --data/)
    assert.ok(existsSync(join(house.data, 'hub.json')))
    assert.equal((await house.post('still here')).status, 200)
  })
})

test('what a hub keeps is for its owner alone, also in a folder that everybody may look into', async () => {
  await using house = await createHubHouse()
  chmodSync(house.data, 0o755)
  await house.configure(config)
  await house.start()
  assert.equal((await house.post('a secret')).status, 200)
  assert.deepEqual(readableByOthers(house), [])
  await house.stop()
  const sent = await house.sereno('send', 'later')
  assert.equal(sent.code, 0, sent.error)
  assert.deepEqual(readableByOthers(house), [])
})

async function refuses(house: HubHouse, words: readonly string[], sentence: RegExp): Promise<void> {
  await house.configure(config)
  const hub = house.launch(...words)
  assert.equal(await hub.ended, 1, hub.output())
  assert.match(hub.output(), sentence)
  assert.doesNotMatch(hub.output(), /\n\s+at /)
  assert.equal(hub.output().trim().split('\n').length, 1, hub.output())
}

function readableByOthers({ data }: HubHouse): string[] {
  const files = readdirSync(data, { recursive: true, encoding: 'utf8' })
  assert.ok(files.includes('sereno.db') && files.includes('token'))
  return files.filter((file) => (statSync(join(data, file)).mode & 0o077) !== 0)
}
