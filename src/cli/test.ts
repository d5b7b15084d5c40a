// `sereno test SCENARIO…`: runs scenarios on a virtual clock and tells which did not come out as expected.
import { readFile } from 'node:fs/promises'
import { detailOf, Refusal, type ExitCode, type Terminal } from './terminal.ts'

export async function test(files: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let failed = 0
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new Refusal(`The scenario ${file} cannot be read: ${detailOf(error)}.`, 1, { cause: error })
    })
    const { ok, report } = await runOne(text, file)
    if (!ok) failed += 1
    terminal.out(report)
  }
  if (failed > 0) terminal.error(`${failed} of ${files.length} scenario${files.length === 1 ? '' : 's'} failed.`)
  return failed === 0 ? 0 : 1
}

/** The one place that knows how a scenario is run. */
async function runOne(text: string, file: string): Promise<{ readonly ok: boolean; readonly report: string }> {
  const { assembleText } = await import('./configuration.ts')
  const { runScenario } = await import('../hub/scenario.ts')
  try {
    return await runScenario(text, file, { assemble: assembleText })
  } catch (error) {
    // Such as a configuration with mistakes, each on a line of its own.
    if (error instanceof Error && error.cause === undefined) return { ok: false, report: `${file}: ${error.message}` }
    throw error
  }
}
