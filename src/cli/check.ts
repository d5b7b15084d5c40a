// `sereno check [FILE]`: every mistake of a configuration at once, with its place and a way out.
import { checkConfiguration } from './configuration.ts'
import { Refusal, type ExitCode, type Terminal } from './terminal.ts'

export async function check(file: string | undefined, terminal: Terminal): Promise<ExitCode> {
  const found = await checkConfiguration(file)
  if (found === undefined) {
    throw new Refusal(
      "There is no configuration: neither $SERENO_CONFIG nor ./sereno.yaml nor /etc/sereno/sereno.yaml. 'sereno init' writes one.",
    )
  }
  for (const line of found.mistakes) terminal.out(line)
  if (found.mistakes.length > 0) return 1
  const { sources, channels, rules } = found
  terminal.out(
    `${found.file}: ok (${count(sources, 'source')}, ${count(channels, 'channel')}, ${count(rules, 'rule')})`,
  )
  return 0
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
