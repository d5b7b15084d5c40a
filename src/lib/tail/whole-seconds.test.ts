// File systems and compressors that keep only whole seconds of a file's time: within one of them no order is to be seen.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { lines, startLog } from '../../../test/support/followed-log.ts'

test('a copy that was read is not read again when the log it was made of is deleted', async (t) => {
  const log = startLog(t)
  log.write('')
  await log.poll()
  log.write(lines(1, 1))
  fs.copyFileSync(log.path, `${log.path}.1`)
  fs.truncateSync(log.path)
  log.write(lines(2, 6))
  const second = Math.floor(Date.now() / 1000)
  for (const file of [log.path, `${log.path}.1`]) fs.utimesSync(file, second, second)
  await log.poll()
  assert.equal(log.text, lines(1, 6))
  fs.rmSync(log.path)
  log.write(lines(7, 7))
  fs.utimesSync(log.path, second + 5, second + 5)
  for (let look = 0; look < 3; look++) await log.poll(2000)
  assert.equal(log.text, lines(1, 7))
})

test('a copy and truncation within the second of our last look is seen', async (t) => {
  const log = startLog(t)
  const second = Math.floor(Date.now() / 1000)
  log.write('')
  fs.utimesSync(log.path, second, second)
  await log.poll()
  log.write(lines(1, 3))
  fs.copyFileSync(log.path, `${log.path}.1`)
  fs.truncateSync(log.path)
  for (const file of [log.path, `${log.path}.1`]) fs.utimesSync(file, second, second)
  await log.poll()
  assert.equal(log.text, lines(1, 3))
})

test('files with a banner and nothing else are told apart by the file before them', async (t) => {
  const log = startLog(t)
  let clock = Date.now() / 1000
  const stamp = (file: string): void => fs.utimesSync(file, (clock += 1.01), clock)
  log.write('Listening\n')
  stamp(log.path)
  await log.poll()
  log.rotate()
  log.write(`Listening\n${lines(1, 5)}`)
  stamp(log.path)
  log.rotate()
  log.write('Listening\n')
  stamp(log.path)
  log.rotate()
  log.write('Listening\n')
  stamp(log.path)
  for (let look = 0; look < 3; look++) await log.poll(2000)
  const { mtime } = fs.statSync(`${log.path}.1`)
  fs.writeFileSync(`${log.path}.1.gz`, gzipSync(fs.readFileSync(`${log.path}.1`)))
  fs.utimesSync(`${log.path}.1.gz`, mtime, mtime)
  fs.rmSync(`${log.path}.1`)
  fs.rmSync(log.path)
  log.write(`Listening\n${lines(6, 6)}`)
  stamp(log.path)
  for (let look = 0; look < 3; look++) await log.poll(2000)
  assert.equal(log.text.replaceAll('Listening\n', ''), lines(1, 6))
})
