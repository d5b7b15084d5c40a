// `sereno agent`: what this machine sees, told to a hub elsewhere. Also an entry of its own: it stays small by loading little.
import { parseArgs } from 'node:util'
import type { Agent } from '../agent/agent.ts'
import { readDuration } from '../lib/duration.ts'
import { readSize } from '../lib/size.ts'
import { detailOf, type ExitCode, Refusal, type Terminal } from './terminal.ts'

const usage = `Usage: sereno agent --hub <url> [options]

Sends what the sources of this machine see to a hub, and keeps it while the hub cannot be told.

Options:
  --hub <url>           the address of the hub, such as https://sereno.example.org
  --token-file <file>   the file with this agent's token (else the file "token" of the data folder)
  --enrol <code>        a code made on the hub by: sereno hosts enrol NAME; is turned into a token once
  --config <file>       a configuration whose sources are run (else: this host's own samples)
  --data <dir>          the agent's folder (default: ./sereno-agent)
  --buffer-size <size>  what is kept for the hub at most (default: 256MB)
  --buffer-age <time>   how long it is kept at most (default: 14d)
  -h, --help            this text`

const options = {
  hub: { type: 'string' },
  'token-file': { type: 'string' },
  enrol: { type: 'string' },
  config: { type: 'string' },
  data: { type: 'string', default: './sereno-agent' },
  'buffer-size': { type: 'string', default: '256MB' },
  'buffer-age': { type: 'string', default: '14d' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Below this a buffer would drop what it was just given. */
const leastBytes = 1_000_000
const leastAgeMs = 60_000
/** After the start, when what it read has been dropped. */
const settledMs = 2000

/** Runs until SIGTERM or SIGINT. */
export async function agent(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const given = readWords(words)
  if (given.help) {
    terminal.out(usage)
    return 0
  }
  process.umask(0o077)
  const asked = new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
  })
  const hub = readHub(given.hub)
  const running = await start(hub, given, terminal)
  const host = new URL(hub).host
  terminal.out(`Sereno's agent is on watch, and tells ${host}.`)
  setTimeout(giveBackMemory, settledMs).unref()
  try {
    await Promise.race([asked, running.failed])
  } catch (error) {
    throw new Refusal(detailOf(error), 1, { cause: error })
  } finally {
    await running.stop()
  }
  return 0
}

type Given = ReturnType<typeof readWords>

async function start(hub: string, given: Given, terminal: Terminal): Promise<Agent> {
  const bufferBytes = readSize(given['buffer-size'])
  const bufferAgeMs = readDuration(given['buffer-age'])
  if (bufferBytes === undefined || bufferBytes < leastBytes) {
    throw new Refusal(`--buffer-size ${given['buffer-size']} is no size from 1MB, such as 256MB`, 2)
  }
  if (bufferAgeMs === undefined || bufferAgeMs < leastAgeMs) {
    throw new Refusal(`--buffer-age ${given['buffer-age']} is no time from 1m, such as 14d`, 2)
  }
  const { createLog } = await import('../agent/log.ts')
  const { readAgentSources } = await import('../agent/configuration.ts')
  const { startAgent } = await import('../agent/agent.ts')
  const log = createLog((line) => terminal.error(line))
  try {
    return startAgent({
      hub,
      folder: given.data,
      sources: await readAgentSources(given.config, log),
      bufferBytes,
      bufferAgeMs,
      log,
      ...(given['token-file'] === undefined ? {} : { tokenFile: given['token-file'] }),
      ...(given.enrol === undefined ? {} : { code: given.enrol }),
    })
  } catch (error) {
    throw new Refusal(detailOf(error), 1, { cause: error })
  }
}

function readWords(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: false }).values
  } catch (error) {
    throw new Refusal(`${detailOf(error).split('. ')[0]}; see: sereno agent --help`, 2, { cause: error })
  }
}

function readHub(text: string | undefined): string {
  if (text === undefined)
    throw new Refusal('where is the hub? Name its address with --hub; see: sereno agent --help', 2)
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new Refusal(`--hub ${text} is no web address; write one such as https://sereno.example.org`, 2)
  }
  return text.replace(/\/+$/, '')
}

function giveBackMemory(): void {
  // Only there with --expose-gc, as bin/sereno starts it.
  globalThis.gc?.({ type: 'major', flavor: 'last-resort', execution: 'sync' })
}

if (import.meta.main) {
  const terminal: Terminal = {
    out: (text) => void process.stdout.write(`${text}\n`),
    error: (text) => void process.stderr.write(`${text}\n`),
  }
  for (const stream of [process.stdout, process.stderr]) {
    // Whether or not it is read, it watches on.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  const [first, ...rest] = process.argv.slice(2)
  try {
    process.exitCode = await agent(first === 'agent' ? rest : process.argv.slice(2), terminal)
  } catch (error) {
    terminal.error(`sereno: ${detailOf(error)}`)
    process.exitCode = error instanceof Refusal ? error.exitCode : 1
  }
}
