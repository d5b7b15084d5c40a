// `sereno init`: writes a commented configuration to begin with; replaces none.
import { initFile } from '../config/init.ts'
import { writeDurably } from '../lib/durable-file.ts'
import { detailOf, Refusal, type ExitCode, type Terminal } from './terminal.ts'

const name = 'sereno.yaml'

export async function init(terminal: Terminal): Promise<ExitCode> {
  try {
    // It may come to hold secrets one day.
    await writeDurably(name, initFile(), { mode: 0o600, exclusive: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new Refusal(`${name} is here already and was left as it is. Move it away first, or go to another folder.`)
    }
    throw new Refusal(`${name} cannot be written here: ${detailOf(error)}.`, 1, { cause: error })
  }
  terminal.out(`${name}: written. Look through it, then: sereno check && sereno run`)
  return 0
}
