// The JSON Schema (draft 2020-12) of a whole configuration, for editors, made from the same schemas that check it.
import { z } from 'zod'
import { muteOptions } from './mute-options.ts'
import { channelOptions, hubOptions, ruleOptions, sourceOptions, templateOptions, watchOptions } from './options.ts'

export type JsonSchema = z.core.JSONSchema.BaseSchema

export interface DescribedKind {
  readonly about: string
  readonly options: z.ZodType
}

/** Kinds by name, in the order in which they are listed. */
export type DescribedKinds = ReadonlyMap<string, DescribedKind>

export function toConfigSchema(kinds: {
  readonly sources: DescribedKinds
  readonly watches: DescribedKinds
  readonly channels: DescribedKinds
}): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'The configuration of Sereno',
    type: 'object',
    additionalProperties: false,
    properties: {
      hub: { description: 'The hub itself.', ...orNothing(toJsonSchema(hubOptions)) },
      sources: named('What is listened to, by name.', sourceOptions, kinds.sources),
      watches: named('What is judged over time, by name.', watchOptions, kinds.watches),
      channels: named('Where people read, by name.', channelOptions, kinds.channels),
      mute: {
        description: 'Spans in which some events are held, by name.',
        type: ['object', 'null'],
        additionalProperties: toJsonSchema(muteOptions),
      },
      rules: {
        description:
          'Which events matter, read from the top down; every rule that matches applies, until one says stop.',
        type: ['array', 'null'],
        items: toJsonSchema(ruleOptions),
      },
      templates: {
        description: "Words by event type, in place of the type's own.",
        type: ['object', 'null'],
        additionalProperties: toJsonSchema(templateOptions),
      },
    },
  }
}

/** What a person may write. Secrets are `writeOnly`. */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    reused: 'inline',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema['secret'] !== true) return
      delete jsonSchema['secret']
      jsonSchema.writeOnly = true
    },
  })
  return json
}

/** By `kind`, so that an editor offers the options of that one only. */
function named(description: string, common: z.ZodType, kinds: DescribedKinds): JsonSchema {
  const shared = toJsonSchema(common)
  const kind = { ...(shared.properties?.['kind'] as object), enum: [...kinds.keys()] }
  return {
    description,
    type: ['object', 'null'],
    additionalProperties: {
      type: 'object',
      required: ['kind'],
      properties: { kind },
      allOf: [...kinds].map(([name, { about, options }]) => {
        const own = toJsonSchema(options)
        return {
          if: { properties: { kind: { const: name } } },
          // oxlint-disable-next-line unicorn/no-thenable -- the word that JSON Schema has for it
          then: {
            description: about,
            properties: { ...shared.properties, kind: { const: name }, ...own.properties },
            ...(own.required && { required: own.required }),
            additionalProperties: false,
          },
        }
      }),
    },
  }
}

/** A section whose options are all commented out is empty. */
function orNothing(schema: JsonSchema): JsonSchema {
  return { ...schema, type: ['object', 'null'] }
}
