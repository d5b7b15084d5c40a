// Reads the HTML of a mail strictly: every tag and attribute must be one that our mails have, or it throws.
import assert from 'node:assert/strict'

export interface ReadHtml {
  readonly tags: readonly { readonly name: string; readonly attributes: ReadonlyMap<string, string> }[]
  /** The text within, by blocks, without empty ones. */
  readonly words: readonly string[]
  readonly links: readonly string[]
}

const empty = new Set(['meta'])
const inline = new Set(['span', 'code', 'a'])
const allowed: { readonly [tag: string]: readonly string[] } = {
  html: ['lang'],
  head: [],
  meta: ['charset', 'name', 'content'],
  title: [],
  body: ['style'],
  div: ['style'],
  h1: ['style'],
  p: ['style'],
  span: ['style'],
  table: ['style'],
  tr: [],
  th: ['style'],
  td: ['style'],
  code: ['style'],
  pre: ['style'],
  a: ['href', 'style'],
}

export function readHtml(html: string): ReadHtml {
  const tags: { name: string; attributes: Map<string, string> }[] = []
  const words: string[] = []
  const open: string[] = []
  let block = ''
  const flush = (): void => {
    if (block.trim() !== '') words.push(block)
    block = ''
  }
  assert.ok(html.startsWith('<!doctype html>\n'))
  const rest = html.slice('<!doctype html>\n'.length)
  for (const [, tag, text = ''] of rest.matchAll(/(<[^>]*>?)|([^<]+)/g)) {
    if (tag === undefined) {
      block += decode(text)
      continue
    }
    const [, slash, name = '', inside = ''] =
      /^<(\/?)([a-z][a-z0-9]*)((?: [a-z]+="[^"<>]*")*)>$/.exec(tag) ?? assert.fail(`no tag of ours: ${tag}`)
    if (!inline.has(name)) flush()
    if (slash === '/') {
      assert.equal(open.pop(), name, `${tag} closes another`)
      continue
    }
    tags.push({ name, attributes: readAttributes(name, inside) })
    if (!empty.has(name)) open.push(name)
  }
  flush()
  assert.deepEqual(open, [], 'all tags are closed')
  const links = tags.flatMap(({ attributes }) => attributes.get('href') ?? [])
  return { tags, words, links }
}

function readAttributes(tag: string, text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [, name = '', value = ''] of text.matchAll(/ ([a-z]+)="([^"]*)"/g)) {
    assert.ok(allowed[tag]?.includes(name), `<${tag}> has no ${name}`)
    assert.ok(!found.has(name), `${name} stands twice in <${tag}>`)
    // Nothing is fetched, laid over something else, or hidden.
    if (name === 'style') assert.doesNotMatch(value, /url|import|expression|position|display: none|[\\@{}<]/i)
    found.set(name, decode(value))
  }
  if (!(tag in allowed)) assert.fail(`<${tag}> is no tag of ours`)
  return found
}

const entities: { readonly [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

/** Every & begins one of the five entities. */
function decode(text: string): string {
  return text.replace(/&(?:(amp|lt|gt|quot|#39);)?/g, (whole, name: string | undefined) => {
    return name === undefined ? assert.fail(`a bare & in ${text.slice(0, 80)}`) : (entities[name] ?? whole)
  })
}
