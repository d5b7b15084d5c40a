// Finds, reads and checks the configuration of this machine, with the kinds that are built in.
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  channelNames,
  loadChannel,
  loadEventTypes,
  loadSource,
  loadWatch,
  ownWatchNames,
  sourceNames,
} from '../registry.ts'
import { defaultName, defaultText } from './default.ts'
import { findConfig, type Where } from './find.ts'
import type { Kinds } from './kinds.ts'
import { readFailure } from './read-failure.ts'
import { readConfig, type ReadOptions, type ReadResult } from './read.ts'

export interface LoadResult extends ReadResult {
  /** As people named it; `built-in` for the default. */
  readonly file: string
  /** Absent for the default. */
  readonly path?: string
}

export type LoadOptions = Where & Pick<ReadOptions, 'references' | 'templateProblem'>

export async function loadConfig(options: LoadOptions): Promise<LoadResult> {
  const found = findConfig(options)
  const rest = { ...options, readFile: readText, kinds: await builtInKinds() }
  if (!found) return { ...(await readConfig({ ...rest, text: defaultText, file: defaultName })), file: defaultName }
  const { file, path } = found
  let text: string
  try {
    text = await readText(path)
  } catch (error) {
    const message = `${file} cannot be read (${readFailure(error)}); name another file with --config, or write one with 'sereno init'`
    return { file, path, document: null, issues: [{ path: '', message }], warnings: [] }
  }
  return { ...(await readConfig({ ...rest, text, file, folder: dirname(path) })), file, path }
}

export async function builtInKinds(): Promise<Kinds> {
  return {
    sources: { names: sourceNames, load: loadSource },
    watches: { names: ownWatchNames, load: loadWatch },
    channels: { names: channelNames, load: loadChannel },
    eventTypes: await loadEventTypes(),
  }
}

/** A token in a file is not a device or a film. */
const mostBytes = 4 * 1024 * 1024

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path)
  if (bytes.length > mostBytes) throw Object.assign(new Error('too large'), { code: 'larger than 4 MiB' })
  return new TextDecoder().decode(bytes)
}
