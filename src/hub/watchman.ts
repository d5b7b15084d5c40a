// The watchman: answers what people ask of it, on the channel and in the thread where they asked.
import type { Input } from '../engine/input.ts'
import type { Question } from '../source.ts'

/** The answer as an input: told to that one channel, past all rules. */
export async function answerQuestion({ channel, text, ...asked }: Question): Promise<Input> {
  const data = { question: text, ...asked }
  const event = { type: 'sereno.answer', title: 'I know no commands yet.', data }
  return { kind: 'command', command: { name: 'tell', channel, event, rule: '(watchman)' } }
}
