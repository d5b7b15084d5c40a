// Puts the values of ${env:NAME} and ${file:/path} in their places, and remembers them so that nobody sees them again.
import { suggest } from '../lib/suggest.ts'
import type { Issue, Json } from '../words.ts'
import type { Document, Path } from './document.ts'
import { pathKey } from './document.ts'
import { readFailure } from './read-failure.ts'

export interface Resolved {
  readonly value: Json
  readonly issues: readonly Issue[]
  /** Paths of texts that hold references, with the text as written. */
  readonly referring: ReadonlyMap<string, string>
  /** Paths of texts with a reference to what is not there. */
  readonly missing: ReadonlySet<string>
  /** What references stood for, longest first: never to be shown. */
  readonly secrets: readonly { readonly text: string; readonly shown: string }[]
}

export interface ReferenceTools {
  readonly env: { readonly [name: string]: string | undefined }
  /** Rejects for a file that cannot be read. */
  readFile(path: string): Promise<string>
}

/** `${env:NAME}`, `${file:/path}`, and what was probably meant as one; `$${…}` is the text itself. */
const reference = /\$?\$\{(?:([A-Za-z]+):([^}]*)|([A-Za-z_]\w*))\}/g

export async function resolveReferences(document: Document, tools: ReferenceTools): Promise<Resolved> {
  const issues: Issue[] = []
  const referring = new Map<string, string>()
  const missing = new Set<string>()
  const secrets = new Map<string, string>()

  async function resolve(value: Json, path: Path): Promise<Json> {
    if (typeof value === 'string') return value.includes('${') ? resolveText(value, path) : value
    if (typeof value !== 'object' || value === null) return value
    if (isList(value)) return Promise.all(value.map((item, index) => resolve(item, [...path, index])))
    const entries = Object.entries(value).map(async ([name, inner]) => [name, await resolve(inner, [...path, name])])
    return Object.fromEntries(await Promise.all(entries)) as Json
  }

  async function resolveText(text: string, path: Path): Promise<string> {
    let result = ''
    let last = 0
    for (const found of text.matchAll(reference)) {
      const [whole, kind, name = '', bare] = found
      result += text.slice(last, found.index)
      last = found.index + whole.length
      if (whole.startsWith('$$')) {
        result += whole.slice(1)
        continue
      }
      referring.set(pathKey(path), text)
      const answer = bare === undefined ? await lookUp(kind ?? '', name) : { problem: notAReference(bare) }
      if ('problem' in answer) {
        issues.push(document.issueAt(path, 'value', answer.problem))
        missing.add(pathKey(path))
        result += whole
        continue
      }
      if (answer.text !== '') secrets.set(answer.text, whole)
      result += answer.text
    }
    return result + text.slice(last)
  }

  async function lookUp(kind: string, name: string): Promise<{ text: string } | { problem: string }> {
    if (kind === 'env') return lookUpVariable(name)
    if (kind === 'file') return lookUpFile(name)
    return { problem: `"\${${kind}:…}" is no known reference; write \${env:NAME} or \${file:/path}` }
  }

  function lookUpVariable(name: string): { text: string } | { problem: string } {
    if (!/^[A-Za-z_]\w*$/.test(name))
      return { problem: `"${name}" is no name of an environment variable; write one as in \${env:SLACK_WEBHOOK_URL}` }
    const text = tools.env[name]
    if (text !== undefined) return { text }
    const meant = suggest(name, Object.keys(tools.env))
    const advice = meant === undefined ? 'set it where Sereno is started' : `did you mean ${meant}?`
    return { problem: `the environment variable ${name} is not set; ${advice}` }
  }

  async function lookUpFile(path: string): Promise<{ text: string } | { problem: string }> {
    if (!path.startsWith('/')) return { problem: `"\${file:${path}}" names no full path; write one from / on` }
    try {
      return { text: (await tools.readFile(path)).replace(/\r?\n$/, '') }
    } catch (error) {
      return { problem: `the file ${path} cannot be read (${readFailure(error)}); check the path and who may read it` }
    }
  }

  const value = await resolve(document.written, [])
  const longestFirst = [...secrets].map(([text, shown]) => ({ text, shown }))
  longestFirst.sort((a, b) => b.text.length - a.text.length)
  return { value, issues, referring, missing, secrets: longestFirst }
}

/** Only the references of a text; what stands around them may be part of a secret. */
export function keepReferences(text: string): string {
  let result = ''
  let last = 0
  for (const { 0: whole, index } of text.matchAll(reference)) {
    if (whole.startsWith('$$')) continue
    result += index > last ? `***${whole}` : whole
    last = index + whole.length
  }
  return last < text.length ? `${result}***` : result
}

/** Replaces every secret in a text, and the beginning of one that was cut. */
export function maskSecrets(text: string, secrets: Resolved['secrets']): string {
  let masked = text
  for (const secret of secrets) masked = maskOne(masked, secret.text, secret.shown)
  return masked
}

/** The beginning of a secret gives it away from here on; `https://hooks.slack.com/services/` does not. */
const tellingLength = 40

function maskOne(text: string, secret: string, shown: string): string {
  // A short one may be a word of the sentence; then only the value in quotes is replaced.
  if (secret.length < 8) return text.replaceAll(`"${secret}"`, () => `"${shown}"`)
  return maskLong(text, secret, shown).replace(/"([^"]{6,})"/g, (quoted, part: string) => {
    return secret.includes(part.replace(/…$/, '')) ? `"${shown}"` : quoted
  })
}

function maskLong(text: string, secret: string, shown: string): string {
  const telling = Math.min(secret.length, Math.max(8, Math.min(tellingLength, Math.ceil(secret.length / 2))))
  const head = secret.slice(0, telling)
  let result = ''
  let last = 0
  for (let at = text.indexOf(head); at >= 0; at = text.indexOf(head, last)) {
    let end = at + head.length
    while (end < text.length && end - at < secret.length && text[end] === secret[end - at]) end++
    result += text.slice(last, at) + shown
    last = end
  }
  return result + text.slice(last)
}

function notAReference(name: string): string {
  return `"\${${name}}" is no reference; write \${env:${name}} for an environment variable, or $\${${name}} for the text itself`
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
