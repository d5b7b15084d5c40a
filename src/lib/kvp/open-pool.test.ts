// What else may stand at the path of a pool.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findLocks } from './locks.ts'
import { createPoolFile } from './pool-file.ts'

const found = await findLocks()
const folder = mkdtempSync(join(tmpdir(), 'sereno-kvp-'))
after(() => rmSync(folder, { recursive: true }))

for (const [how, locks] of [
  ['with locks', found.ok ? found.locks : undefined],
  ['without locks', undefined],
] as const)
  test(`a file of text at the path is left as it is, ${how}`, async () => {
    const path = join(folder, 'text')
    const text = 'root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/sh\n'
    for (const whole of [text, text.repeat(100)]) {
      writeFileSync(path, whole)
      const pool = createPoolFile({ path, locks, lockWaitMs: 1000 })
      const end = await pool.append(() => [{ key: 'a', value: 'b' }])
      await pool.close()
      assert.match(end.ok ? '' : end.detail, /is no pool, it begins with lines of text/)
      assert.equal(readFileSync(path, 'utf8'), whole)
    }
  })
