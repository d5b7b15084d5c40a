// An input that we cannot judge by a mistake of our own is kept as what it is: its source goes on, and nothing of it is lost.
import { cutBytes } from '../lib/text.ts'
import type { EventInput, Input } from './input.ts'
import type { Judge } from './judge.ts'
import type { Mistake } from './mistake.ts'
import { type Plan, plan } from './plan.ts'

const type = 'sereno.rejected'
const rawBytes = 4096

/** Undefined: it came from no source, or is such a thing already; then there is nothing to be done but to fail. */
export function insteadOf(input: Input, mistake: Mistake): EventInput | undefined {
  if (input.kind !== 'event' && input.kind !== 'fact') return undefined
  const { source, receivedAt } = input
  const given = input.kind === 'event' ? input.event : input.fact
  if ('type' in given && given.type === type) return undefined
  const raw = cutBytes(JSON.stringify(given), rawBytes)
  const message = `Sereno could not judge it, by a mistake of its own: ${mistake.message}`
  return { kind: 'event', source, event: { type, data: { raw, message } }, receivedAt }
}

/** `failed` is told of each that could not be planned, and gives what is planned in its place. */
export function planAll(
  judge: Judge,
  inputs: readonly Input[],
  failed: (input: Input, error: unknown) => Input,
): Plan[] {
  return inputs.map((input) => {
    try {
      return plan(judge, input)
    } catch (error) {
      return plan(judge, failed(input, error))
    }
  })
}
