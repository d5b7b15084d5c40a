// Makes PNG of SVG in a process of its own: of the hundred megabytes that takes, nothing is left when it ends.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { initWasm, Resvg } from '@resvg/resvg-wasm'

export type PngAnswer =
  | { readonly call: number; readonly png: Uint8Array }
  | { readonly call: number; readonly error: string }

export type PngCall = { readonly call: number; readonly svg: string }

/** Beside the bundle they have names of their own: see tools/build.ts. */
const isBundle = !import.meta.url.endsWith('.ts')
const place = (bundled: string, source: string): string =>
  fileURLToPath(isBundle ? new URL(`./${bundled}`, import.meta.url) : import.meta.resolve(source))
const fontNames = ['latin-400', 'latin-600', 'latin-ext-400', 'latin-ext-600', 'cyrillic-400', 'greek-400']

const ready = prepare()

async function prepare(): Promise<Uint8Array[]> {
  await initWasm(await readFile(place('resvg.wasm', '@resvg/resvg-wasm/index_bg.wasm')))
  return Promise.all(
    fontNames.map((name) =>
      readFile(place(`inter-${name}.woff2`, `@fontsource/inter/files/inter-${name}-normal.woff2`)),
    ),
  )
}

async function render(svg: string): Promise<Uint8Array> {
  const fontBuffers = await ready
  const renderer = new Resvg(svg, {
    font: { fontBuffers, defaultFontFamily: 'Inter', sansSerifFamily: 'Inter' },
    // Twice as many dots as it is wide, for the screens of telephones.
    fitTo: { mode: 'zoom', value: 2 },
  })
  try {
    const image = renderer.render()
    const png = image.asPng()
    image.free()
    return png
  } finally {
    renderer.free()
  }
}

process.on('message', ({ call, svg }: PngCall) => {
  render(svg).then(
    (png) => answer({ call, png }),
    (error: unknown) => answer({ call, error: String(error) }),
  )
})
// The hub is gone, be it by kill -9.
process.on('disconnect', () => process.exit(0))

function answer(given: PngAnswer): void {
  process.send?.(given)
}
