// The entry of `sereno`: the table of commands. Each command's file is loaded when it is used, so that the start is quick.
import { Command, CommanderError } from 'commander'
import { printable } from '../lib/printable.ts'
import { version } from '../version.ts'
import type { CheckOptions } from './check.ts'
import { addTo, collect, jsonOption } from './command-parts.ts'
import type { ConditionsOptions } from './conditions.ts'
import type { DeliveriesOptions } from './deliveries.ts'
import type { EventsOptions } from './events.ts'
import type { EnrolOptions } from './hosts-enrol.ts'
import type { HostsOptions } from './hosts.ts'
import type { HubOptions } from './hub-client.ts'
import type { LoginOptions } from './login.ts'
import type { FactsOptions } from './facts.ts'
import type { ReplayOptions } from './replay.ts'
import type { RunOptions } from './run.ts'
import type { ImportOptions } from './import.ts'
import type { AskOptions, SilenceOptions, SilencesOptions } from './silences.ts'
import type { RunScheduleOptions } from './run-schedule.ts'
import type { SendOptions } from './send.ts'
import { addPoolCommands } from './pool-commands.ts'
import { detailOf, Refusal, type ExitCode, type Terminal } from './terminal.ts'
import type { WhyOptions } from './why.ts'

/** Runs one command line (without node and script). Never throws. */
export async function runCli(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = 0
  const program = createProgram(terminal, (result) => {
    code = result
  })
  try {
    await program.parseAsync(words, { from: 'user' })
    return code
  } catch (error) {
    return tellFailure(error, terminal)
  }
}

function createProgram(terminal: Terminal, finish: (code: ExitCode) => void): Command {
  const program = new Command('sereno')
    .description('The night watchman for your machines.')
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.error(text.trimEnd().replace(/^error: /, 'sereno: ')),
    })
    .helpCommand(false)
  const add = (usage: string, about: string): Command => addTo(program, usage, about)

  add('run', 'Run the hub here.')
    .option('--config <file>', 'the configuration (else $SERENO_CONFIG, ./sereno.yaml, /etc/sereno/sereno.yaml)')
    .option('--data <dir>', 'the data folder (else hub.data of the configuration, else ./sereno-data)')
    .option('--listen <host:port>', 'the address to listen on (else hub.listen of the configuration)')
    .action(async (options: RunOptions) => finish(await (await import('./run.ts')).run(options, terminal)))

  // bin/sereno starts it as a program of its own; what it takes it says itself.
  add('agent [words...]', "Send what this machine's sources see to a hub elsewhere; see: sereno agent --help")
    .allowUnknownOption()
    .helpOption(false)
    .action(async (given: string[]) => finish(await (await import('./agent.ts')).agent(given, terminal)))

  add('check [file]', 'Check a configuration: every mistake as file:line:col.')
    .option('--config <file>', 'the configuration, as run takes it')
    .action(async (file: string | undefined, options: CheckOptions) =>
      finish(await (await import('./check.ts')).check(file, options, terminal)),
    )
  add('init', 'Write a commented sereno.yaml into this folder.').action(async () =>
    finish(await (await import('./init.ts')).init(terminal)),
  )
  add('test <scenario...>', 'Run scenarios: timelines of inputs with the messages they must lead to.').action(
    async (files: string[]) => finish(await (await import('./test.ts')).test(files, terminal)),
  )
  withData(add('replay', 'Show what a configuration would have made of recorded input; sends nothing, stores nothing.'))
    .option('--config <file>', 'the configuration')
    .option('--input <source=file...>', 'a recorded file for a source of the configuration')
    .option('--since <time>', "from the hub's own record instead: 1h, 7d or a date")
    .option('--messages', 'only what people would have been told')
    .addOption(jsonOption('one JSON object a line'))
    .action(async (options: ReplayOptions) => finish(await (await import('./replay.ts')).replay(options, terminal)))

  looking(add('why <id>', 'Tell what became of an event, and why.'))
    .addOption(jsonOption('all that is known, as JSON'))
    .option('--config <file>', 'whose rules to look at when no hub runs')
    .action(async (id: string, options: WhyOptions) =>
      finish(await (await import('./why.ts')).why(id, options, terminal)),
    )
  listing(looking(add('events', 'List events, newest first.')))
    .option('--type <type>', 'only of this type; * stands for any characters')
    .option('--source <name>', 'only from this source')
    .option('--host <name>', 'only of this host')
    .option('--since <time>', 'only those received since: 1h, 7d or a date')
    .action(async (options: EventsOptions) => finish(await (await import('./events.ts')).events(options, terminal)))
  withData(add('facts', 'Write what sources saw as lines of JSON, which replay takes as --input.'))
    .option('--source <name>', 'only from this source')
    .option('--since <time>', 'only those received since: 1h, 7d or a date', '1h')
    .action(async (options: FactsOptions) => finish(await (await import('./facts.ts')).facts(options, terminal)))

  const deliveries = listing(looking(add('deliveries', 'List messages to channels, newest first.')))
    .option('--channel <name>', 'only to this channel')
    .option('--state <state>', 'only in this state, such as dead')
    .option('--event <id>', 'only those that name this event')
    .action(async (options: DeliveriesOptions) =>
      finish(await (await import('./deliveries.ts')).deliveries(options, terminal)),
    )
  looking(addTo(deliveries, 'retry <id>', 'Send a message that was given up again.')).action(
    async (id: string, _: object, command: Command) => {
      const { retryDelivery } = await import('./deliveries.ts')
      finish(await retryDelivery(id, command.optsWithGlobals<HubOptions>(), terminal))
    },
  )

  const conditions = looking(add('conditions', 'List what has begun and not ended, the latest first.'))
    .option('--state <state>', 'open, ended or all', 'open')
    .option('--source <name>', 'only of this source')
    .addOption(jsonOption('a JSON list'))
    .action(async (options: ConditionsOptions) =>
      finish(await (await import('./conditions.ts')).conditions(options, terminal)),
    )
  looking(addTo(conditions, 'close <id>', 'End a condition by hand; who was told of it is told that.')).action(
    async (id: string, _: object, command: Command) => {
      const { closeCondition } = await import('./conditions.ts')
      finish(await closeCondition(id, command.optsWithGlobals<HubOptions>(), terminal))
    },
  )

  const hosts = looking(add('hosts', 'List the hosts that samples came of, with their last vital signs.'))
    .addOption(jsonOption('a JSON list'))
    .action(async (options: HostsOptions) => finish(await (await import('./hosts.ts')).hosts(options, terminal)))
  looking(addTo(hosts, 'show <name>', 'Show the last sample of a host and what is wrong with it.'))
    .addOption(jsonOption('all that is known, as JSON'))
    .action(async (name: string, _: object, command: Command) =>
      finish(await (await import('./hosts.ts')).showHost(name, command.optsWithGlobals<HostsOptions>(), terminal)),
    )
  looking(addTo(hosts, 'forget <name>', 'Forget a host with its history, as when it was taken away.')).action(
    async (name: string, _: object, command: Command) =>
      finish(await (await import('./hosts.ts')).forgetHost(name, command.optsWithGlobals<HubOptions>(), terminal)),
  )
  looking(addTo(hosts, 'enrol <name>', 'Make a code with which one host becomes an agent of that name.'))
    .option('--expires <time>', 'how long the code is good, up to 30d', '1h')
    .addOption(jsonOption('the code, as JSON'))
    .action(async (name: string, _: object, command: Command) =>
      finish(
        await (await import('./hosts-enrol.ts')).enrolHost(name, command.optsWithGlobals<EnrolOptions>(), terminal),
      ),
    )
  looking(addTo(hosts, 'revoke <name>', "Take an agent's token back; it keeps what it sees.")).action(
    async (name: string, _: object, command: Command) =>
      finish(
        await (await import('./hosts-enrol.ts')).revokeHost(name, command.optsWithGlobals<HubOptions>(), terminal),
      ),
  )
  looking(addTo(hosts, 'restore <name>', 'Let a revoked agent in again, by the token it has.')).action(
    async (name: string, _: object, command: Command) =>
      finish(
        await (await import('./hosts-enrol.ts')).restoreHost(name, command.optsWithGlobals<HubOptions>(), terminal),
      ),
  )
  looking(
    addTo(conditions, 'ack <id>', 'Say that you look after it: it is not said again unless it gets worse.'),
  ).action(async (id: string, _: object, command: Command) => {
    const { ackCondition } = await import('./silences.ts')
    finish(await ackCondition(id, command.optsWithGlobals<HubOptions>(), terminal))
  })

  looking(add('silences', 'List silences, the one that ends first on top.'))
    .option('--all', 'also those that were over within the last days')
    .addOption(jsonOption('a JSON list'))
    .action(async (options: SilencesOptions) =>
      finish(await (await import('./silences.ts')).silences(options, terminal)),
    )
  const silence = add('silence', 'Tell nothing of some events for a while.')
  looking(addTo(silence, 'add <matchers...>', 'Such as host=nas type=~"backup.*"; all must hold.'))
    .requiredOption('--for <span>', 'how long: 30m, 2h, 7d')
    .option('--comment <text>', 'why', '')
    .addOption(jsonOption('its id, as JSON'))
    .action(async (matchers: string[], options: SilenceOptions) =>
      finish(await (await import('./silences.ts')).addSilence(matchers, options, terminal)),
    )
  looking(addTo(silence, 'end <id>', 'End a silence; what it held and still is so is told.')).action(
    async (id: string, options: HubOptions) =>
      finish(await (await import('./silences.ts')).endSilence(id, options, terminal)),
  )
  looking(add('ask <words...>', 'Ask the watchman, as one does on a channel: status, silence nas 2h, help.'))
    .addOption(jsonOption('what it says, as JSON'))
    .action(async (words: string[], options: AskOptions) =>
      finish(await (await import('./silences.ts')).ask(words, options, terminal)),
    )

  add('send [text...]', 'Hand an event to the hub; when none runs, keep it for its next start.')
    .option('--type <type>', 'event type', 'message')
    .option('--host <name>', 'the host it is about (else this one)')
    .option('--severity <severity>', 'info, warning, error or critical')
    .option('--subject <text>', 'the thing it is about')
    .option('--title <text>', 'first line of the message')
    .option('--data <dir or json>', 'the data folder of the hub; a JSON object: data of the event', collect, [])
    .option('--hub <url>', 'the hub to send to (else the one that runs on the data folder)')
    .option('--token-file <file>', "the file with the hub's token (else the one in the data folder)")
    .addOption(jsonOption('what was done, as JSON'))
    .action(async (words: string[], options: SendOptions) =>
      finish(await (await import('./send.ts')).send(words, options, terminal)),
    )

  const bring = add('import', "Make a configuration from another program's files.")
  addTo(bring, 'janitor <dir>', 'From the folder of a Janitor; says what it could not take over.')
    .option('--output <file>', 'write it there instead of showing it')
    .action(async (folder: string, options: ImportOptions) =>
      finish(await (await import('./import.ts')).importJanitor(folder, options, terminal)),
    )

  const channel = add('channel', 'Look after channels.')
  looking(addTo(channel, 'test <name>', 'Send a real message to a channel and tell what became of it.'))
    .addOption(jsonOption('the delivery, as JSON'))
    .action(async (name: string, options: HubOptions) =>
      finish(await (await import('./channel.ts')).testChannel(name, options, terminal)),
    )
  addTo(channel, 'login <name>', 'Have an account of the fediverse let Sereno post; writes its token to a file.')
    .option('--config <file>', 'the configuration that has the channel')
    .option('--data <dir>', 'the folder for the token, where the channel has no tokenFile (else the data folder)')
    .option('--url <url>', "the server's address, for a channel that is not configured yet")
    .option('--password', 'by name and password from standard input, where the server still takes them')
    .action(async (name: string, options: LoginOptions) => {
      const [{ login }, { createReadLine }] = await Promise.all([import('./login.ts'), import('./read-line.ts')])
      finish(await login(name, options, terminal, createReadLine()))
    })

  looking(add('run-schedule <name>', "Have the hub do a schedule's work now, for those who stay with cron."))
    .option('--dry-run', 'show what each channel would send, and send nothing; needs no hub')
    .option('--config <file>', 'the configuration, for --dry-run')
    .action(async (name: string, options: RunScheduleOptions) =>
      finish(await (await import('./run-schedule.ts')).runSchedule(name, options, terminal)),
    )

  addPoolCommands(program, terminal, finish)

  withData(add('backup <file>', 'Write a copy of the store, while a hub runs or not.')).action(
    async (file: string, options: { data: string }) =>
      finish(await (await import('./backup.ts')).backup(file, options, terminal)),
  )
  withData(add('restore <file>', 'Put a backup in the place of the store; keeps the old one by another name.')).action(
    async (file: string, options: { data: string }) =>
      finish(await (await import('./restore.ts')).restore(file, options, terminal)),
  )
  return program
}

/** For commands that look at a hub: a running one over its API, else the store itself. */
function looking(command: Command): Command {
  return withData(command)
    .option('--hub <url>', 'ask the hub at this address (else the one that runs on the data folder)')
    .option('--token-file <file>', 'the file with its token (else the one in the data folder)')
}

function withData(command: Command): Command {
  return command
    .option('--data <dir>', 'the data folder (else hub.data of the configuration, else ./sereno-data)')
    .hook('preAction', async (given) => {
      const { data, config } = given.opts<{ data?: string; config?: string }>()
      if (data !== undefined) return
      const { dataFolder } = await import('./data-folder.ts')
      given.setOptionValue('data', await dataFolder(config))
    })
}

function listing(command: Command): Command {
  return command
    .option('--before <id>', 'only those older than this one')
    .option('--limit <number>', 'how many at most, up to 1000', '100')
    .addOption(jsonOption('a JSON list'))
}

function tellFailure(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) {
    return error.code === 'commander.helpDisplayed' || error.code === 'commander.version' ? 0 : 2
  }
  if (error instanceof Refusal) {
    terminal.error(`sereno: ${error.message.split('\n').map(printable).join('\n')}`)
    return error.exitCode
  }
  terminal.error(`sereno: this should not have happened: ${printable(detailOf(error))}. Please report it as a bug.`)
  if (process.env['SERENO_DEBUG'] === undefined) terminal.error('With SERENO_DEBUG=1 it is said where.')
  else terminal.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return 1
}

if (import.meta.main) {
  const words = process.argv.slice(2)
  // A reader that has seen enough, such as `head`, is no failure; and a hub watches on, as a command runs on, whether or not it is read.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (words[0] !== 'run' && words[1] !== 'run') process.exit(0)
  })
  process.exitCode = await runCli(words, {
    out: (text) => void process.stdout.write(`${text}\n`),
    error: (text) => void process.stderr.write(`${text}\n`),
  })
}
