// A mistake of our own, made on one input: nothing is wrong with the store, and nothing of that input was kept.
import type { Input } from './input.ts'

export class Mistake extends Error {
  override readonly name: string = 'Mistake'

  /** On which it was made. */
  input?: Input

  /** What was thrown, in its own words and from where it came. */
  static of(error: unknown): Mistake {
    if (error instanceof Mistake) return error
    const mistake = new Mistake(error instanceof Error ? error.message : String(error), { cause: error })
    if (error instanceof Error && error.stack !== undefined) mistake.stack = error.stack
    return mistake
  }
}
