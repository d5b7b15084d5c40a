// A channel that prints what it would send, and sends nothing.
import type { Sender } from '../engine/lane.ts'
import { printable } from '../lib/printable.ts'

/** Said wherever a person looks whether the hub sends. */
export const dryRunWords = 'hub.dryRun is on: messages are printed and count as delivered, nothing is sent'

export function createDrySender(name: string, sender: Sender, print: (line: string) => void): Sender {
  return {
    ...sender,
    async send({ text }) {
      for (const line of text.split('\n')) print(printable(`dry run: ${name}: ${line}`))
      return { ok: true, note: 'dry run: printed, and not sent' }
    },
  }
}
