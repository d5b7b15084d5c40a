// Words from the config instead of the built-in ones: Liquid with limits on parsing, time and memory, and no files.
import type { Liquid } from 'liquidjs'
import type { Config } from '../config/config.ts'
import type { ComposeTools } from '../engine/compose.ts'
import type { EventType, MessageWords } from '../event-type.ts'
import type { Template } from '../rule.ts'
import type { HubEvent } from '../words.ts'

/** Absent when the config has no templates, so that nobody pays for the library. */
export async function createTemplates(
  config: Pick<Config, 'templates' | 'rules'>,
  types: ReadonlyMap<string, EventType>,
): Promise<ComposeTools['template'] | undefined> {
  const byType = new Map(Object.entries(config.templates))
  const byRule = new Map(
    config.rules.flatMap((rule) => (rule.template === undefined ? [] : [[rule.name, rule.template]])),
  )
  if (byType.size === 0 && byRule.size === 0) return undefined
  const liquid = await createLiquid()
  return (event, rule) => {
    const template = byRule.get(rule) ?? byType.get(event.type)
    return template === undefined ? undefined : renderWords(template, event)
  }

  function renderWords(template: Template, event: HubEvent): MessageWords | { readonly broken: string } {
    const builtIn = types.get(event.type)?.message(event)
    const scope = {
      ...event,
      time: new Date(event.time).toISOString(),
      receivedAt: new Date(event.receivedAt).toISOString(),
    }
    try {
      const title =
        template.title === undefined ? undefined : String(liquid.parseAndRenderSync(template.title, scope)).trim()
      const text =
        template.text === undefined ? undefined : String(liquid.parseAndRenderSync(template.text, scope)).trim()
      return {
        title: title ?? builtIn?.title ?? event.title ?? event.type,
        ...(builtIn?.icon === undefined ? {} : { icon: builtIn.icon }),
        ...(text === undefined ? pick(builtIn) : { lines: [text] }),
      }
    } catch (error) {
      return { broken: firstLine(error) }
    }
  }
}

function pick(words: MessageWords | undefined): Partial<MessageWords> {
  return {
    ...(words?.fields === undefined ? {} : { fields: words.fields }),
    ...(words?.lines === undefined ? {} : { lines: words.lines }),
  }
}

/** What is wrong with a Liquid text, in words; undefined when it is good. */
export async function createTemplateCheck(): Promise<(text: string) => string | undefined> {
  const liquid = await createLiquid()
  return (text) => {
    try {
      liquid.parse(text)
      return undefined
    } catch (error) {
      return firstLine(error)
    }
  }
}

/** Knows no files: its default would read them. */
async function createLiquid(): Promise<Liquid> {
  const { Liquid } = await import('liquidjs')
  const limits = { parseLimit: 20_000, renderLimit: 200, memoryLimit: 1_000_000 }
  const liquid = new Liquid({ templates: {}, ownPropertyOnly: true, ...limits })
  for (const tag of ['include', 'render', 'layout', 'block']) delete liquid.tags[tag]
  return liquid
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
}
