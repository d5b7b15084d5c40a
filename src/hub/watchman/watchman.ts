// The watchman: one core of commands behind the command line, the API and mentions; answers where it was asked.
import type { Input } from '../../engine/input.ts'
import { cut, printable } from '../../lib/printable.ts'
import { suggest } from '../../lib/suggest.ts'
import type { Question } from '../../source.ts'
import type { Graph, Json } from '../../words.ts'
import type { CommandTools } from './commands.ts'

/** What the watchman says to one question. */
export interface Said {
  /** False: it did not understand, or there is no such thing. */
  readonly ok: boolean
  /** The first line stands for the rest. */
  readonly lines: readonly string[]
  readonly graphs?: readonly Graph[]
}

export interface Watchman {
  /** `by` is who asks, as it shall stand in the record. */
  ask(text: string, by: string): Promise<Said>
  /** The answer to a person on a channel, as an input. */
  answer(question: Question): Promise<Input>
}

const longestQuestion = 500
const mostLines = 40
const longestLine = 300

export function createWatchman(tools: CommandTools): Watchman {
  async function ask(text: string, by: string): Promise<Said> {
    // Loaded at the first question: most hubs are never asked.
    const { commands } = await import('./commands.ts')
    const words = readWords(text.slice(0, longestQuestion))
    const [name = 'help', ...rest] = words
    const command = commands.get(name.toLowerCase().replace(/^[/!]/, ''))
    if (command === undefined) return unknown(name, [...commands.keys()])
    const said = await command.run(rest, by, tools)
    return { ...said, lines: said.lines.slice(0, mostLines).map((line) => cut(printable(line), longestLine)) }
  }

  return {
    ask,
    async answer({ channel, text, handle, account, visibility }) {
      const { lines, graphs = [] } = await ask(text, account)
      const asked = { question: text.slice(0, longestQuestion), handle, account, visibility }
      const data = { ...asked, lines, graphs: graphs as unknown as Json }
      const event = { type: 'sereno.answer', subject: account, data }
      return { kind: 'command', command: { name: 'tell', channel, event, rule: '(watchman)' } }
    },
  }
}

function unknown(name: string, known: readonly string[]): Said {
  const meant = suggest(name, known)
  const guess = meant === undefined ? '' : ` Did you mean ${meant}?`
  return { ok: false, lines: [`I do not know "${cut(printable(name), 40)}".${guess}`, `I know ${known.join(', ')}.`] }
}

/** Words between spaces; quotes, also those within a word, keep what is between them together. */
function readWords(text: string): string[] {
  return text.match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g) ?? []
}
