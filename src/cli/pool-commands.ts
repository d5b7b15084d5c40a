// The commands around the pools of Hyper-V: `report` and `kvp`.
import type { Command } from 'commander'
import { addTo, collect, jsonOption } from './command-parts.ts'
import type { KvpOptions } from './kvp.ts'
import type { ReportOptions } from './report.ts'
import type { RunReportOptions } from './report-run.ts'
import type { ExitCode, Terminal } from './terminal.ts'

export function addPoolCommands(program: Command, terminal: Terminal, finish: (code: ExitCode) => void): void {
  const report = addTo(program, 'report', 'Tell the Hyper-V host and the hub of a stage of work.')
  reporting(addTo(report, 'start <name>', 'A stage has started.'))
    .option('--message <text>', 'what it does')
    .action(async (name: string, options: ReportOptions) =>
      finish(await (await import('./report.ts')).reportStart(name, options, terminal)),
    )
  reporting(addTo(report, 'finish <name>', 'A stage has finished: as its own result says, or the worst of its parts.'))
    .option('--result <result>', 'success, warn or fail')
    .option('--message <text>', 'what became of it')
    .option('--file <path>', 'a file whose end goes along to the hub', collect, [])
    .action(async (name: string, options: ReportOptions) =>
      finish(await (await import('./report.ts')).reportFinish(name, options, terminal)),
    )
  reporting(addTo(report, 'run <name> [command...]', 'Run a command as a stage; ends as the command does.'))
    .option('--message <text>', 'what it does')
    .option('--on-failure <result>', 'what the stage is when the command fails: warn or fail')
    .option('--file <path>', 'a file whose end goes along to the hub when it has ended', collect, [])
    .action(async (name: string, words: string[], options: RunReportOptions) =>
      finish(await (await import('./report-run.ts')).reportRun(name, words, options, terminal)),
    )

  const kvp = addTo(program, 'kvp', 'Read the key-value pools of Hyper-V.')
  addTo(kvp, 'list <file>', 'List the records of a pool: events in one piece, and what is wrong with any.')
    .addOption(jsonOption('one JSON object a record'))
    .action(async (file: string, options: KvpOptions) =>
      finish(await (await import('./kvp.ts')).listPool(file, options, terminal)),
    )
  addTo(kvp, 'watch <file>', 'Show the records of a pool, and those that come, until it is ended.')
    .option('--new', 'only those that come from now on')
    .addOption(jsonOption('one JSON object a record'))
    .action(async (file: string, options: KvpOptions) =>
      finish(await (await import('./kvp.ts')).watchPool(file, options, terminal)),
    )
  addTo(kvp, 'get <file> <key>', 'Print the value of a key, as the host has it.')
    .addOption(jsonOption('the record, as JSON'))
    .action(async (file: string, key: string, options: KvpOptions) =>
      finish(await (await import('./kvp.ts')).getFromPool(file, key, options, terminal)),
    )
}

function reporting(command: Command): Command {
  return command
    .option('--pool <file>', "write this pool, and tell no hub unless one is named (else the guest's own pool, if any)")
    .option('--no-pool', 'write no pool')
    .option('--compat <version>', 'write the records of this cloud-init: 18.4, 22.4 or 26.2')
    .option('--data <dir>', 'the data folder of the hub to tell')
    .option('--hub <url>', 'the hub to tell (else the one that runs on the data folder)')
    .option('--token-file <file>', "the file with the hub's token (else the one in the data folder)")
    .option('--host <name>', 'the host it is about (else this one)')
    .option('--origin <text>', 'which program it is a part of')
    .option('--print', 'also as a line on standard error')
    .addOption(jsonOption('what was done, as JSON'))
}
