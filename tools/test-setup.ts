// Loaded before each test file, so that an early exit cannot hide the tests after it, nor the last exit a late rejection.
import { isMainThread } from 'node:worker_threads'

const exit = process.exit.bind(process)

if (isMainThread)
  process.exit = ((code?: number) => {
    const caller = new Error().stack?.split('\n')[2] ?? ''
    if (!caller.includes('node:internal/test_runner')) throw new Error('a test called process.exit')
    // The runner's own exit, when all tests have ended: rejections nobody awaited come to light in the meantime.
    setTimeout(() => exit(code), 10)
  }) as typeof process.exit
