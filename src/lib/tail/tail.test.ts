// The faults that logs meet, one by one: what rotation, truncation, restarts and rights do to a followed file.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { lines, startLog as start } from '../../../test/support/followed-log.ts'
import { readCursor } from './cursor.ts'

test('rename: 200 lines, 50 late ones to the old file and the first of the new are read in order', async (t) => {
  const log = start(t)
  log.write(lines(1, 200))
  await log.poll()
  const old = fs.openSync(log.path, 'a')
  log.rotate()
  await log.poll()
  fs.writeSync(old, lines(201, 250))
  fs.closeSync(old)
  log.write(lines(251, 260))
  await log.poll(2000)
  assert.equal(log.text, lines(1, 250))
  await log.poll(2000)
  assert.equal(log.text, lines(1, 260))
  assert.deepEqual(log.tail.counts, { rotations: 1, truncations: 0, cutLines: 0 })
})

test('copytruncate: 300 longer lines written before the next look are all read', async (t) => {
  const log = start(t)
  log.write('Listening\n'.repeat(39))
  await log.poll()
  fs.copyFileSync(log.path, `${log.path}.1`)
  fs.truncateSync(log.path)
  log.write(lines(1, 300))
  await log.poll()
  assert.equal(log.text, `${'Listening\n'.repeat(39)}${lines(1, 300)}`)
  assert.equal(log.tail.counts.truncations, 1)
})

test('copytruncate without a copy loses only what was never there to be read', async (t) => {
  const log = start(t)
  log.write(lines(1, 100))
  await log.poll()
  fs.truncateSync(log.path)
  log.write(lines(101, 400))
  await log.poll()
  assert.equal(log.text, lines(1, 400))
})

test('copytruncate: what was written between our last look and the copy is read from the copy', async (t) => {
  const log = start(t)
  log.write(lines(1, 100))
  await log.poll()
  log.write(lines(101, 150))
  fs.copyFileSync(log.path, `${log.path}.1`)
  fs.truncateSync(log.path)
  log.write(lines(151, 152))
  await log.poll()
  assert.equal(log.text, lines(1, 152))
})

test('a backup copy of the log is no rotation', async (t) => {
  const log = start(t)
  log.write(lines(1, 100))
  await log.poll()
  log.write(lines(101, 110))
  fs.copyFileSync(log.path, `${log.path}.old`)
  log.write(lines(111, 120))
  await log.poll()
  await log.restart()
  await log.poll()
  assert.equal(log.text, lines(1, 120))
  assert.deepEqual(log.tail.counts, { rotations: 0, truncations: 0, cutLines: 0 })
})

test('100 lines written while stopped are read at the next start', async (t) => {
  const log = start(t)
  log.write(lines(1, 10))
  await log.poll()
  await log.restart(() => log.write(lines(11, 110)))
  await log.poll()
  assert.equal(log.text, lines(1, 110))
})

test('rotated three times and compressed while stopped: every file is finished in order', async (t) => {
  const log = start(t)
  log.write(lines(1, 10))
  await log.poll()
  await log.restart(() => {
    for (let turn = 1; turn <= 3; turn++) {
      log.write(lines(turn * 10 + 1, turn * 10 + 10))
      log.rotate()
    }
    execFileSync('gzip', [`${log.path}.2`, `${log.path}.3`])
    log.write(lines(41, 50))
  })
  await log.poll()
  await log.poll(2000)
  assert.equal(log.text, lines(1, 50))
})

test('the file we stood in was deleted while stopped: newer rotated files are still read', async (t) => {
  const log = start(t)
  log.write(lines(1, 10))
  await log.poll()
  await log.restart(() => {
    log.rotate()
    log.write(lines(11, 20))
    log.rotate()
    fs.rmSync(`${log.path}.2`)
    log.write(lines(21, 30))
  })
  await log.poll()
  await log.poll(2000)
  assert.equal(log.text, lines(1, 30))
  assert.ok(log.notes.some((note) => note.what === 'lost'))
})

test('files rotated before our first start are left alone', async (t) => {
  const log = start(t)
  fs.writeFileSync(`${log.path}.1`, 'old\n')
  log.write(lines(1, 3))
  await log.poll()
  assert.equal(log.text, lines(1, 3))
})

test('inode reuse: a new file under an old inode is read from its beginning', async (t) => {
  const log = start(t)
  log.write(lines(1, 10))
  await log.poll()
  // The same inode with other and longer content is what reuse looks like from outside.
  await log.restart(() => fs.writeFileSync(log.path, lines(501, 600)))
  await log.poll()
  assert.equal(log.text, lines(1, 10) + lines(501, 600))
})

test('delete and recreate: what was written before the deletion is read through the open file', async (t) => {
  const log = start(t)
  log.write(lines(1, 10))
  await log.poll()
  log.write(lines(11, 20))
  fs.rmSync(log.path)
  const look = await log.poll()
  assert.equal(look.problem?.what, 'missing')
  log.write(lines(21, 30))
  await log.poll(2000)
  assert.equal(log.text, lines(1, 30))
})

test('a line that rotation cut short ends where its file ends', async (t) => {
  const log = start(t)
  log.write('one\nhal')
  await log.poll()
  log.rotate()
  log.write('two\n')
  await log.poll()
  await log.poll(2000)
  assert.equal(log.text, 'one\nhal\ntwo\n')
  assert.equal(log.tail.counts.cutLines, 1)
})

test('a file shorter than any signature is read, and its line goes on after a restart', async (t) => {
  const log = start(t)
  log.write('a')
  await log.poll()
  assert.equal(log.text, 'a')
  await log.restart(() => log.write('b\n'))
  log.text = ''
  await log.poll()
  assert.equal(log.text, 'ab\n')
})

test('a file that begins like the one before it is not taken for it', async (t) => {
  const log = start(t)
  log.write('Listening on 0.0.0.0:1688\n')
  await log.poll()
  await log.restart(() => {
    log.write('1\n')
    log.rotate()
    log.write('Listening on 0.0.0.0:1688\n2\n')
    log.rotate()
    execFileSync('gzip', [`${log.path}.2`])
    log.write('Listening on 0.0.0.0:1688\n3\n')
  })
  await log.poll()
  await log.poll(2000)
  const banner = 'Listening on 0.0.0.0:1688\n'
  assert.equal(log.text, `${banner}1\n${banner}2\n${banner}3\n`)
})

test('a very long line and bytes that are no text pass through in bounded pieces', async (t) => {
  const log = start(t, { chunkBytes: 4096 })
  const bytes = Buffer.alloc(300_000, Buffer.of(0xff, 0x00, 0xc3, 0x28))
  fs.writeFileSync(log.path, bytes)
  fs.appendFileSync(log.path, '\nnext\n')
  await log.poll()
  assert.equal(log.text, `${bytes.toString('latin1')}\nnext\n`)
  assert.ok(log.largest <= 4096 + 64)
})

test('a compressed file of many members is unpacked whole', async (t) => {
  const log = start(t)
  log.write(lines(1, 5))
  await log.poll()
  await log.restart(() => {
    const members = [lines(1, 5), '', lines(6, 2000), lines(2001, 2003)].map((text) => gzipSync(text))
    fs.writeFileSync(`${log.path}.1.gz`, Buffer.concat(members))
    fs.rmSync(log.path)
    log.write(lines(2004, 2005))
  })
  await log.poll()
  await log.poll(2000)
  assert.equal(log.text, lines(1, 2005))
})

test('a broken compressed file is said once, waited for a minute, then passed over', async (t) => {
  const log = start(t)
  log.write(lines(1, 5))
  await log.poll()
  await log.restart(() => {
    const packed = gzipSync(Buffer.from(lines(1, 50_000)), { level: 1 })
    fs.writeFileSync(`${log.path}.1.gz`, packed.subarray(0, packed.length - 200))
    fs.rmSync(log.path)
    log.write('new\n')
  })
  assert.equal((await log.poll()).problem?.what, 'broken-gzip')
  assert.ok(!log.text.endsWith('new\n'))
  await log.poll(61_000)
  assert.ok(log.text.endsWith('new\n'))
  assert.equal(log.notes.filter((note) => note.what === 'skipped').length, 1)
})

test('a link is followed to where it points, then to where it points next', async (t) => {
  const log = start(t)
  fs.mkdirSync(`${log.path}.d`)
  const [first, second] = [path.join(`${log.path}.d`, '0.log'), path.join(`${log.path}.d`, '1.log')]
  fs.writeFileSync(first, lines(1, 5))
  fs.symlinkSync(first, log.path)
  await log.poll()
  fs.appendFileSync(first, lines(6, 8))
  fs.writeFileSync(second, lines(9, 10))
  fs.rmSync(log.path)
  fs.symlinkSync(second, log.path)
  await log.poll()
  await log.poll(2000)
  assert.equal(log.text, lines(1, 10))
})

test('a link that moved while stopped: the file it pointed to is finished first', async (t) => {
  const log = start(t)
  fs.mkdirSync(`${log.path}.d`)
  const [first, second] = [path.join(`${log.path}.d`, '0.log'), path.join(`${log.path}.d`, '1.log')]
  fs.writeFileSync(first, lines(1, 5))
  fs.symlinkSync(first, log.path)
  await log.poll()
  await log.restart(() => {
    fs.appendFileSync(first, lines(6, 8))
    fs.writeFileSync(second, lines(9, 10))
    fs.rmSync(log.path)
    fs.symlinkSync(second, log.path)
  })
  await log.poll()
  await log.poll(2000)
  assert.equal(log.text, lines(1, 10))
})

test('missing at the first start: the file is read from its beginning when it comes, after a restart too', async (t) => {
  const log = start(t, { from: 'checkpoint' })
  assert.equal((await log.poll()).problem?.what, 'missing')
  await log.restart(() => log.write(lines(1, 3)))
  const look = await log.poll()
  assert.equal(log.text, lines(1, 3))
  assert.equal(look.problem, undefined)
})

test('a folder in the place of the log is said, and the log is read when it comes', async (t) => {
  const log = start(t)
  fs.mkdirSync(log.path)
  assert.equal((await log.poll()).problem?.what, 'no-file')
  fs.rmdirSync(log.path)
  log.write('one\n')
  await log.poll()
  assert.equal(log.text, 'one\n')
})

test('the first start begins at the end of the last whole line', async (t) => {
  const log = start(t, { from: 'checkpoint' })
  log.write('old\nunfin')
  await log.poll()
  log.write('ished\nnew\n')
  await log.poll()
  assert.equal(log.text, 'unfinished\nnew\n')
})

test('from the end: what was written while stopped is left out', async (t) => {
  const log = start(t, { from: 'end' })
  log.write('old\n')
  await log.poll()
  log.write('seen\n')
  await log.poll()
  await log.restart(() => log.write('missed\n'))
  await log.poll()
  log.write('seen too\n')
  await log.poll()
  assert.equal(log.text, 'seen\nseen too\n')
})

test('a cursor of another path counts only when its content lies here', async (t) => {
  const log = start(t, { from: 'checkpoint' })
  log.write('')
  await log.poll()
  log.write(lines(1, 5))
  await log.poll()
  fs.renameSync(log.path, `${log.path}-moved.log`)
  fs.appendFileSync(`${log.path}-moved.log`, lines(6, 7))
  await log.restart(() => {}, `${log.path}-moved.log`)
  await log.poll()
  assert.equal(log.text, lines(1, 7))
  fs.writeFileSync(`${log.path}-other.log`, 'of another service\n')
  await log.restart(() => {}, `${log.path}-other.log`)
  await log.poll()
  assert.equal(log.text, lines(1, 7))
})

test('a cursor that knows one file before its own is still read', async (t) => {
  const log = start(t)
  log.write(lines(1, 2))
  await log.poll()
  const cursor = log.tail.cursor(0)
  assert.ok(cursor)
  const { offset, head, marker } = cursor
  const previous = { offset, head, marker }
  assert.deepEqual(readCursor({ ...cursor, previous })?.previous, [previous])
  assert.equal(readCursor(cursor)?.previous, undefined)
})

test('what is no cursor of ours is none', () => {
  for (const value of [undefined, null, 7, 'x', [], {}, { v: 2 }, { v: 1, path: '/a', base: '/a', id: '', offset: -1 }])
    assert.equal(readCursor(value), undefined)
})

test('the new file waits while the old one is still written to, but for no more than a minute', async (t) => {
  const log = start(t)
  log.write(lines(1, 2))
  await log.poll()
  const old = fs.openSync(log.path, 'a')
  log.rotate()
  log.write('new\n')
  for (let second = 0; second < 62; second++) {
    fs.writeSync(old, 'x\n')
    await log.poll(1000)
  }
  fs.closeSync(old)
  assert.ok(log.text.endsWith('x\nnew\n'))
  assert.equal(log.notes.filter((note) => note.what === 'busy').length, 1)
})

test('a file that may not be read is said, and read once it may be', async (t) => {
  const log = start(t)
  await withoutRights(log.path, async (forbid) => {
    log.write(lines(1, 2))
    forbid(log.path)
    const look = await log.poll()
    assert.equal(look.problem?.what, 'unreadable')
    assert.equal(look.caughtUp, false)
  })
  fs.chmodSync(log.path, 0o644)
  await log.poll()
  assert.equal(log.text, lines(1, 2))
})

test('a rotated file that may not be read holds up the log for no more than a minute', async (t) => {
  const log = start(t)
  log.write(lines(1, 2))
  await log.poll()
  log.rotate()
  log.write('never\n')
  log.rotate()
  log.write('new\n')
  await withoutRights(log.path, async (forbid) => {
    forbid(`${log.path}.1`)
    await log.poll()
    assert.equal((await log.poll(2000)).problem?.path, `${log.path}.1`)
    await log.poll(61_000)
    await log.poll(2000)
  })
  assert.equal(log.text, `${lines(1, 2)}new\n`)
  assert.deepEqual(
    log.notes.filter((note) => note.what === 'skipped').map((note) => note.path),
    [`${log.path}.1`],
  )
})

test('a look without news costs no bytes and says so', async (t) => {
  const log = start(t)
  log.write(lines(1, 2))
  assert.equal((await log.poll()).readBytes, lines(1, 2).length)
  const look = await log.poll(2000)
  assert.deepEqual(look, { caughtUp: true, lagBytes: 0, readBytes: 0 })
})

/** Runs as a user whom file rights bind, which they do not root. */
async function withoutRights(file: string, run: (forbid: (file: string) => void) => Promise<void>): Promise<void> {
  fs.chmodSync(path.dirname(file), 0o755)
  try {
    await run((forbidden) => {
      fs.chmodSync(forbidden, 0o000)
      if (process.geteuid?.() === 0) process.seteuid?.(65_534)
    })
  } finally {
    if (process.getuid?.() === 0) process.seteuid?.(0)
  }
}
