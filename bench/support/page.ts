// Writes docs/benchmarks.md, one section a part, and reads back the sections that a run does not measure anew.
import { type BenchRow, meetsBar } from './row.ts'

export type Section =
  | { readonly text: string }
  | { readonly machine: string; readonly command: string; readonly rows: readonly BenchRow[] }

const preface = `# Benchmarks

Measured by \`npm run bench\`, which writes this page; each part also alone, by the command at its head. All of it runs on one
machine and over loopback: the hub, the senders, the stand-in for Slack and the programs compared with share its cores, and a
load before the run means that others did too. Trust the ratios, which are taken in turns within one run, more than the rates.
Figures without a bar are for orientation.
`

export function readSections(page: string): Map<string, Section> {
  const sections = new Map<string, Section>()
  for (const part of page.split(/^## /m).slice(1)) {
    const end = part.indexOf('\n')
    sections.set(part.slice(0, end).trim(), { text: part.slice(end + 1).trim() })
  }
  return sections
}

export function writePage(sections: ReadonlyMap<string, Section>, order: readonly string[]): string {
  const texts = order.flatMap((name) => {
    const section = sections.get(name)
    return section === undefined ? [] : [`\n## ${name}\n\n${'text' in section ? section.text : write(section)}\n`]
  })
  return preface + texts.join('')
}

function write({ machine, command, rows }: Exclude<Section, { readonly text: string }>): string {
  const lines = rows.map((row) => {
    const met = meetsBar(row)
    const cells = [
      row.name,
      `${shown(row.value)} ${row.unit}`,
      met === undefined ? '' : met ? 'met' : '**not met**',
      row.note,
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [`\`${command}\`, ${machine}.`, '', '| what | figure | bar | how |', '|---|--:|---|---|', ...lines].join('\n')
}

function shown(value: number): string {
  return Number.isNaN(value) ? 'not measured' : value.toLocaleString('en')
}
