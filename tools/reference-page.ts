// Renders the reference page: every option and every event type, in the words of the schemas.
import { muteOptions } from '../src/config/mute-options.ts'
import { stringify } from 'yaml'
import type { ChannelKind } from '../src/channel.ts'
import { toJsonSchema, type JsonSchema } from '../src/config/json-schema.ts'
import { channelOptions, hubOptions, ruleOptions, sourceOptions, templateOptions } from '../src/config/options.ts'
import type { EventType } from '../src/event-type.ts'
import type { SourceKind } from '../src/source.ts'
import type { WatchKind } from '../src/watch.ts'

export interface ReferenceKinds {
  readonly sources: ReadonlyMap<string, SourceKind>
  readonly watches: ReadonlyMap<string, WatchKind>
  readonly channels: ReadonlyMap<string, ChannelKind>
  readonly eventTypes: readonly EventType[]
}

export interface OptionRow {
  /** With dots for what lies within: `tls.cert`, `tokens[].name`. */
  readonly name: string
  readonly type: string
  readonly default: string
  readonly about: string
  readonly examples: readonly string[]
}

export function renderReference({ sources, watches, channels, eventTypes }: ReferenceKinds): string {
  return `${[
    '# Reference',
    'Made from the schemas by `tools/reference.ts`; do not edit it here.',
    'A configuration is one YAML file with the sections below, all of which may be left out. In any text, `${env:NAME}` stands for an environment variable and `${file:/path}` for the content of a file (without its last line feed); `$${…}` is the text itself. Durations are written as `90s`, `5m`, `1h30m` or `7d`; sizes as `64KiB` or `10MB`. `docs/config.schema.json` is the JSON Schema for editors.',
    ...section('hub', 'The hub itself.', hubOptions, { hub: hubExample }),
    '## sources\n\nWhat is listened to: a name, and below it a kind and its options.',
    '### All sources',
    table(rowsOf(toJsonSchema(sourceOptions))),
    'Without being named there are a source `message` of kind message and a source `events` of kind cloudevents; and, once there is a watch of kind heartbeat, a source `heartbeat` of that kind.',
    ...[...sources].flatMap(([name, kind]) => kindSection('sources', name, kind)),
    '## watches\n\nWhat is judged over time: a name, and below it a kind and its options.',
    ...[...watches].flatMap(([name, kind]) => kindSection('watches', name, kind)),
    '## channels\n\nWhere people read: a name, and below it a kind and its options.',
    '### All channels',
    table(rowsOf(toJsonSchema(channelOptions))),
    ...[...channels].flatMap(([name, kind]) => kindSection('channels', name, kind)),
    ...section(
      'mute',
      'Spans in which some events are held: a name, and below it a kind and its options. Where windows overlap the one that lasts longest decides. `startup` and `shutdown` are there without being written; write one of that kind to change it.',
      muteOptions,
      { mute: { night: { kind: 'quiet', from: '22:00', until: '07:00' } } },
    ),
    ...section(
      'rules',
      'Which events matter. The list is read from the top down, and every rule that matches applies, until one says `stop: true`. For each channel the first matching rule that names it owns the event; later ones are merged into it.',
      ruleOptions,
      { rules: [ruleExample] },
    ),
    ...section(
      'templates',
      "Words by event type in place of the type's own, in [Liquid](https://liquidjs.com/tutorials/intro-to-liquid.html). A rule can name an entry in `template`. A template that fails is replaced by the type's own words, with a note on what is wrong.",
      templateOptions,
      { templates: { 'kms.activation': { title: '{{ data.product }} was activated by {{ data.workstation }}' } } },
    ),
    '## Event types',
    ...eventTypes.map(eventSection),
  ].join('\n\n')}\n`
}

/** One row for each option, what lies within it below it. */
export function rowsOf(schema: JsonSchema, prefix = ''): OptionRow[] {
  const required = schema.required ?? []
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]): OptionRow[] => {
    if (typeof value === 'boolean') return []
    const name = `${prefix}${key}`
    const row = {
      name,
      type: typeOf(value),
      default: value.default === undefined ? (required.includes(key) ? 'required' : '') : code(value.default),
      about: value.description ?? '',
      examples: (value.examples ?? []).map((example) => code(example)),
    }
    return [row, ...within(value, name)]
  })
}

const hubExample = {
  listen: '127.0.0.1:8723',
  url: 'https://sereno.example.org',
  timezone: 'Europe/Rome',
  tokens: [{ name: 'backup', token: '${file:/run/secrets/backup-token}', sources: ['events'] }],
  fallback: 'mail',
  retention: { unmatched: '3d', rest: '180d', size: '2GB' },
}

const ruleExample = {
  on: ['kms.activation', 'kms.renewal'],
  where: 'zone!="internal_pod"',
  dedupe: { by: ['machine', 'skuId'], for: '1h' },
  throttle: { max: 20, per: '10m' },
  to: ['team'],
}

function section(name: string, about: string, schema: Parameters<typeof toJsonSchema>[0], example: object): string[] {
  return [`## ${name}\n\n${about}`, table(rowsOf(toJsonSchema(schema))), yaml(example)]
}

function kindSection(section: string, name: string, kind: SourceKind | WatchKind | ChannelKind): string[] {
  const rows = rowsOf(toJsonSchema(kind.options))
  const options = rows.length === 0 ? 'It has no options of its own.' : table(rows)
  const noun = section === 'watches' ? 'watch' : section.slice(0, -1)
  return [
    `### ${noun}: ${name}\n\n${kind.about}`,
    options,
    yaml({ [section]: { [`my-${name}`]: { kind: name, ...kind.example } } }),
  ]
}

function eventSection({ name, about, severity, labels, fields, sample }: EventType): string {
  const labelled = labels.length === 0 ? '' : ` Labels: ${labels.map((label) => `\`${label}\``).join(', ')}.`
  const rows = Object.entries(fields).map(([field, said]) => `| \`${field}\` | ${cell(said)} |`)
  const data = rows.length === 0 ? [] : [`| data | |\n| --- | --- |\n${rows.join('\n')}`]
  const { time, ...rest } = sample
  const shown = { ...rest, ...(time !== undefined && { time: new Date(time).toISOString() }) }
  return [
    `### event: ${name}`,
    `${about} Severity: ${severity}.${labelled}`,
    ...data,
    `\`\`\`json\n${JSON.stringify(shown, null, 2)}\n\`\`\``,
  ].join('\n\n')
}

function table(rows: readonly OptionRow[]): string {
  const lines = rows.map(({ name, type, default: standard, about, examples }) => {
    // The page says once how durations and sizes are written.
    const such =
      examples.length === 0 || type === 'duration' || type === 'size'
        ? ''
        : ` Such as ${examples.slice(0, 3).join(', ')}.`
    return `| \`${name}\` | ${cell(type)} | ${cell(standard)} | ${cell(about)}${such} |`
  })
  return `| option | type | default | |\n| --- | --- | --- | --- |\n${lines.join('\n')}`
}

/** Options within a mapping, a list of mappings, or either of several forms. */
function within(schema: JsonSchema, name: string): OptionRow[] {
  const forms = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]
  const rows = forms.flatMap((form) => {
    if (form === schema && !form.properties && !form.items) return []
    if (form.properties) return rowsOf(form, `${name}.`)
    const { items } = form
    if (typeof items !== 'object' || Array.isArray(items)) return []
    return within({ anyOf: [items] }, `${name}[]`)
  })
  return [...new Map(rows.map((row) => [row.name, row])).values()]
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => code(value)).join(', ')
  if (schema.const !== undefined) return code(schema.const)
  if (schema.examples?.includes('64KiB')) return 'size'
  const forms = schema.anyOf ?? schema.oneOf
  if (forms) return [...new Set(forms.map(typeOf))].join(' or ')
  if (schema.type === 'array')
    return typeof schema.items === 'object' ? `list of ${typeOf(schema.items as JsonSchema)}` : 'list'
  if (schema.type === 'string' && schema.pattern?.includes('d)?(')) return 'duration'
  return words[String(schema.type)] ?? 'anything'
}

const words: { readonly [type: string]: string } = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  object: 'mapping',
  null: 'nothing',
}

function yaml(value: object): string {
  return `\`\`\`yaml\n${stringify(value, { lineWidth: 0, singleQuote: true }).trimEnd()}\n\`\`\``
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

function cell(text: string): string {
  return text
    .replaceAll('|', '\\|')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/<(?=\w)/g, '&lt;')
}
