// Makes the bundle in dist/: one file per entry, and chunks for what is loaded on use. A running copy never sees half of it.
import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, readdir, rename, rm, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mkdir } from 'node:fs/promises'
import { rolldown } from 'rolldown'
import { writeKinds } from './kinds.ts'

/** Bundle name to source; `sereno` comes last, since the launcher goes by its age. */
const entries = {
  'store-worker': 'src/store/sqlite-worker.ts',
  agent: 'src/cli/agent.ts',
  'png-worker': 'src/hub/graph/png-worker.ts',
  sereno: 'src/cli/main.ts',
} as const

/** Bundle name to a file of a package: the renderer of pictures (MPL-2.0), and its font with the licence (OFL-1.1) that goes where it goes. */
const assets: { readonly [name: string]: string } = {
  'resvg.wasm': '@resvg/resvg-wasm/index_bg.wasm',
  'inter-license.txt': '@fontsource/inter/LICENSE',
  ...Object.fromEntries(
    ['latin-400', 'latin-600', 'latin-ext-400', 'latin-ext-600', 'cyrillic-400', 'greek-400'].map((name) => [
      `inter-${name}.woff2`,
      `@fontsource/inter/files/inter-${name}-normal.woff2`,
    ]),
  ),
}

export async function build(root: string): Promise<{ files: number; milliseconds: number }> {
  await writeKinds(root)
  const startedAt = Date.now() + 1
  await mkdir(join(root, 'dist'), { recursive: true })
  const draft = await mkdtemp(join(root, 'dist/.draft-'))
  try {
    await bundle(root, draft)
    for (const [name, path] of Object.entries(assets))
      await copyFile(join(root, 'node_modules', path), join(draft, name))
    await publish(draft, join(root, 'dist'), startedAt)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return { files: (await readdir(join(root, 'dist'))).length, milliseconds: Date.now() - startedAt }
}

async function bundle(root: string, folder: string): Promise<void> {
  const input = Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)]))
  const made = await rolldown({
    input,
    cwd: root,
    platform: 'node',
    tsconfig: false,
    // Looks for its machine code beside itself.
    external: ['koffi'],
    onLog(level, log) {
      if (level === 'warn' && !isHarmless(log.code)) console.warn(log.message)
    },
  })
  await made.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    minify: 'dce-only',
    comments: false,
  })
  await made.close()
}

/** Chunks and assets first, so that an entry never names one that is not there yet; the entries carry the time at which reading began. */
async function publish(draft: string, folder: string, startedAt: number): Promise<void> {
  const fresh = await readdir(draft)
  const names = Object.keys(entries).map((name) => `${name}.js`)
  for (const name of [...fresh.filter((file) => !names.includes(file)), ...names]) {
    await utimes(join(draft, name), new Date(startedAt), new Date(startedAt))
    await rename(join(draft, name), join(folder, name))
  }
  for (const name of await readdir(folder))
    if (/\.(js|wasm|woff2|txt)$/.test(name) && !fresh.includes(name)) await rm(join(folder, name), { force: true })
}

function isHarmless(code: string | undefined): boolean {
  return code === 'EVAL' || code === 'CIRCULAR_DEPENDENCY'
}

if (import.meta.main) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const missing = Object.values(entries).filter((path) => !existsSync(join(root, path)))
  if (missing.length > 0) {
    console.error(`cannot build: ${missing.join(', ')} is missing`)
    process.exitCode = 1
  } else {
    const { files, milliseconds } = await build(root)
    console.error(`sereno: built dist/ (${files} files, ${(milliseconds / 1000).toFixed(1)} s)`)
  }
}
