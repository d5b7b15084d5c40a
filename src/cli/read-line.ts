// Reads lines from standard input, as a person types them or another program pipes them.
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import type { ReadLine } from './login.ts'

/** At the end of the input lines are empty. */
export function createReadLine(input: NodeJS.ReadStream = process.stdin): ReadLine {
  let piped: AsyncIterator<string> | undefined
  return async ({ hidden = false } = {}) => {
    if (input.isTTY) return readTyped(input, hidden)
    // One for all lines: what it has read ahead would be lost with it.
    piped ??= createInterface({ input })[Symbol.asyncIterator]()
    const next = await piped.next()
    return next.done === true ? '' : next.value
  }
}

function readTyped(input: NodeJS.ReadStream, hidden: boolean): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  // In its own mode the terminal shows nothing by itself.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface(hidden ? { input, output: nowhere, terminal: true } : { input })
  lines.once('line', (line) => {
    resolve(line)
    lines.close()
  })
  lines.once('close', () => resolve(''))
  return promise
}
