// Writes src/kinds.ts: the table of lazy imports that makes the folders of kinds the registry.
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const folders = {
  sources: 'sources',
  watches: 'watches',
  channels: 'channels',
  eventTypes: 'event-types',
} as const

/** The names in a folder of kinds with the file each is imported from, sorted by name. */
export async function findKinds(folder: string): Promise<[name: string, file: string][]> {
  const entries = existsSync(folder) ? await readdir(folder, { withFileTypes: true }) : []
  const kinds: [string, string][] = []
  for (const entry of entries) {
    if (entry.isFile() && /^[a-z0-9-]+\.ts$/.test(entry.name)) kinds.push([entry.name.slice(0, -3), entry.name])
    else if (entry.isDirectory() && existsSync(join(folder, entry.name, 'index.ts')))
      kinds.push([entry.name, `${entry.name}/index.ts`])
  }
  return kinds.sort(([a], [b]) => (a < b ? -1 : 1))
}

/** The text that src/kinds.ts should have. */
export async function renderKinds(root: string): Promise<string> {
  const tables = await Promise.all(
    Object.entries(folders).map(async ([name, folder]) =>
      renderTable(name, folder, await findKinds(join(root, 'src', folder))),
    ),
  )
  const beside = await findBeside(join(root, 'src', folders.watches))
  const list = `/** Watches that stand beside the source of their name, known without loading any. */\nexport const besideSources: readonly string[] = [${beside.map((name) => `'${name}'`).join(', ')}]\n`
  return `// The folders of kinds as a table of lazy imports; made by tools/kinds.ts, which runs in every build.\n\n${[...tables, list].join('\n')}`
}

/** Watches whose file says so. */
async function findBeside(folder: string): Promise<string[]> {
  const kinds = await findKinds(folder)
  const texts = await Promise.all(kinds.map(([, file]) => readFile(join(folder, file), 'utf8')))
  return kinds.flatMap(([name], index) => (/^ {2}beside: true,$/m.test(texts[index] ?? '') ? [name] : []))
}

/** Writes the table if it differs; true when it did. */
export async function writeKinds(root: string): Promise<boolean> {
  const wanted = await renderKinds(root)
  if (wanted === (await readKinds(root))) return false
  const path = join(root, 'src/kinds.ts')
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, wanted)
  await rename(draft, path)
  return true
}

export async function isCurrent(root: string): Promise<boolean> {
  return (await renderKinds(root)) === (await readKinds(root))
}

function readKinds(root: string): Promise<string> {
  return readFile(join(root, 'src/kinds.ts'), 'utf8').catch(() => '')
}

function renderTable(name: string, folder: string, kinds: readonly [string, string][]): string {
  if (kinds.length === 0) return `export const ${name} = {} as const\n`
  const rows = kinds.map(([kind, file]) => `  ${toKey(kind)}: () => import('./${folder}/${file}'),\n`)
  return `export const ${name} = {\n${rows.join('')}} as const\n`
}

function toKey(name: string): string {
  return /^[a-z][a-z0-9]*$/.test(name) ? name : `'${name}'`
}

if (import.meta.main) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  if (!process.argv.includes('--check')) {
    if (await writeKinds(root)) console.log('src/kinds.ts: written')
  } else if (!(await isCurrent(root))) {
    console.error("src/kinds.ts differs from the folders of kinds. Run 'npm run build'.")
    process.exitCode = 1
  }
}
