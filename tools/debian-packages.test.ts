// What the tests borrow from Debian is found on PATH, and what is missing is said with its consequence.
import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { borrowed, explain, findMissing } from './debian-packages.ts'

test('a program on PATH needs no package, a file that is no program does', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-path-'))
  try {
    assert.deepEqual(
      findMissing('test', folder),
      borrowed.filter((entry) => entry.for === 'test'),
    )
    assert.deepEqual(findMissing('bench', folder), borrowed)
    for (const { program } of borrowed) await writeFile(join(folder, program), '#!/bin/sh\n')
    assert.deepEqual(findMissing('bench', folder), borrowed)
    for (const { program } of borrowed) await chmod(join(folder, program), 0o755)
    assert.deepEqual(findMissing('bench', `/nowhere:${folder}`), [])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a missing package is named with what goes untested and how to get it', () => {
  const lines = explain(borrowed).split('\n')
  assert.equal(lines.length, borrowed.length + 1)
  assert.match(lines[0] ?? '', /'prometheus' is missing; left out: what judges the page of metrics\./)
  assert.match(lines.at(-1) ?? '', /apt-get install prometheus redis-server systemd curl mtail sec$/)
})
