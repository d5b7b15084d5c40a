// Writes docs/reference.md and docs/config.schema.json from the schemas; with --check only says whether they differ.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toConfigSchema, type DescribedKinds } from '../src/config/json-schema.ts'
import type { EventType } from '../src/event-type.ts'
import {
  channelNames,
  loadChannel,
  loadEventTypes,
  loadSource,
  loadWatch,
  sourceNames,
  watchNames,
} from '../src/registry.ts'
import { renderReference, type ReferenceKinds } from './reference-page.ts'

export async function loadKinds(): Promise<ReferenceKinds> {
  const types: ReadonlyMap<string, EventType> = await loadEventTypes()
  return {
    sources: await load(sourceNames, loadSource),
    watches: new Map([...(await load(watchNames, loadWatch))].filter(([, kind]) => kind.beside !== true)),
    channels: await load(channelNames, loadChannel),
    eventTypes: [...types.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

/** Path, from the root, to the text that should be there. */
export async function renderAll(): Promise<{ readonly [path: string]: string }> {
  const kinds = await loadKinds()
  return {
    'docs/reference.md': renderReference(kinds),
    'docs/config.schema.json': `${JSON.stringify(toConfigSchema(kinds satisfies { sources: DescribedKinds }), null, 2)}\n`,
  }
}

async function load<Kind>(names: readonly string[], kind: (name: string) => Promise<Kind>): Promise<Map<string, Kind>> {
  return new Map(await Promise.all(names.toSorted().map(async (name) => [name, await kind(name)] as const)))
}

if (import.meta.main) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  for (const [path, text] of Object.entries(await renderAll())) {
    const there = await readFile(join(root, path), 'utf8').catch(() => undefined)
    if (there === text) continue
    if (process.argv.includes('--check')) {
      console.log(`${path} differs from the schemas. Run 'bin/sereno-node tools/reference.ts'.`)
      process.exitCode = 1
      continue
    }
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
    console.log(`wrote ${path}`)
  }
}
