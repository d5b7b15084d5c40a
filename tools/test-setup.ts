// Loaded before each test file, so that an early exit cannot hide the tests after it, nor the last exit a late rejection.
import { isMainThread } from 'node:worker_threads'

const exit = process.exit.bind(process)

if (isMainThread)
  process.exit = ((code?: number) => {
    const caller = new Error().stack?.split('\n')[2] ?? ''
    if (!caller.includes('node:internal/test_runner')) throw new Error('a test called process.exit')
    // The runner's own exit, when all tests have ended: rejections nobody awaited come to light in the meantime, and
    // results that are still on their way to whoever counts them arrive.
    exitWhenQuiet(code)
  }) as typeof process.exit

const quietTurns = 8

/** Once nothing has been written for some turns of the event loop: on a busy machine those take as long as they take. */
function exitWhenQuiet(code: number | undefined): void {
  let quiet = 0
  const write = process.stdout.write.bind(process.stdout) as (...given: unknown[]) => boolean
  process.stdout.write = ((...given: unknown[]) => {
    quiet = 0
    return write(...given)
  }) as typeof process.stdout.write
  const turn = (): void => {
    quiet = process.stdout.writableLength > 0 ? 0 : quiet + 1
    if (quiet > quietTurns) exit(code)
    else setTimeout(turn, 5)
  }
  turn()
}
