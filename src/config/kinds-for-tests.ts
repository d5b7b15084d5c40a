// A few small kinds for the tests of configurations, which must not depend on the real ones.
import { z } from 'zod'
import { cidr, duration, listOf, secret, size } from '../lib/schema.ts'
import type { Kinds, KindTable } from './kinds.ts'
import { readConfig, type ReadOptions, type ReadResult } from './read.ts'

type Options = { readonly options: z.ZodType }

const sources: { readonly [kind: string]: Options } = {
  message: { options: z.strictObject({}) },
  cloudevents: { options: z.strictObject({}) },
  host: { options: z.strictObject({}) },
  sysinfo: { options: z.strictObject({}) },
  tail: {
    options: z.strictObject({
      path: z.string().min(1).describe('The file to follow. Rotated ones come first.'),
      zones: z.record(z.string(), listOf(cidr())).default({}),
      lines: z.int().min(1).max(100).default(10),
      idle: duration().prefault('1m'),
      most: size().optional(),
      tls: z.boolean().default(false),
    }),
  },
}

const watches: { readonly [kind: string]: Options } = {
  thresholds: { options: z.strictObject({}) },
  absence: { options: z.strictObject({}) },
  boot: { options: z.strictObject({}) },
  silence: { options: z.strictObject({ every: duration() }) },
}

const channels: { readonly [kind: string]: Options } = {
  console: { options: z.strictObject({}) },
  chat: {
    options: z.strictObject({
      url: secret().superRefine((text, context) => {
        // Echoes what it should not, as a careless kind may.
        if (!/^https?:/.test(text))
          context.addIssue({ code: 'custom', message: `"${text}" is no address; copy it whole` })
      }),
      mode: z.enum(['plain', 'rich']).default('plain'),
      headers: z.record(z.string(), secret()).default({}),
    }),
  },
}

const eventTypes: Kinds['eventTypes'] = new Map([
  ['kms.activation', { labels: ['zone'], fields: { machine: '', skuId: '', zone: '' } }],
  ['kms.renewal', { labels: ['zone'], fields: { machine: '', skuId: '', zone: '' } }],
  ['message', { labels: [], fields: {} }],
  ['host.silent', { labels: [], fields: {} }],
  ['sereno.started', { labels: [], fields: {} }],
])

/** `loaded` hears of every kind that is loaded. */
export function kindsForTests(loaded: (name: string) => void = () => {}): Kinds {
  return {
    sources: toTable(sources, loaded),
    watches: toTable(watches, loaded),
    channels: toTable(channels, loaded),
    eventTypes,
  }
}

export function readForTest(text: string, options: Partial<ReadOptions> = {}): Promise<ReadResult> {
  const missing = () => Promise.reject(Object.assign(new Error('missing'), { code: 'ENOENT' }))
  return readConfig({ text, file: 'sereno.yaml', env: {}, readFile: missing, kinds: kindsForTests(), ...options })
}

function toTable(
  kinds: { readonly [kind: string]: Options },
  loaded: (name: string) => void,
): KindTable<{ readonly options: z.ZodType<unknown> }> {
  return {
    names: Object.keys(kinds),
    load: async (name) => {
      loaded(name)
      const kind = kinds[name]
      if (!kind) throw new Error(`asked for ${name}, which is not among the names`)
      return kind
    },
  }
}
