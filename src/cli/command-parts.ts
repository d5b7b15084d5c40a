// What the tables of commands are made of.
import { type Command, Option } from 'commander'

export function addTo(parent: Command, usage: string, about: string): Command {
  // Settings such as exitOverride and the output are copied from the parent.
  return parent.command(usage).description(about).allowExcessArguments(false)
}

export function jsonOption(about: string): Option {
  return new Option('--json', about)
}

export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value]
}
