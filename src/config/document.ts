// Reads YAML 1.2 into plain values, remembering where in the file each key and value stands. Never throws for bad text.
import { LineCounter, isAlias, isMap, isPair, isScalar, isSeq, parseAllDocuments } from 'yaml'
import type { Document as YamlDocument, Node, YAMLMap } from 'yaml'
import type { Issue, Json } from '../words.ts'
import { syntaxAdvice } from './syntax-advice.ts'

export type Path = readonly (string | number)[]

export interface Document {
  readonly file: string
  /** As written: references such as ${env:NAME} still in place. */
  readonly written: Json
  readonly issues: readonly Issue[]
  /** False when the text is no YAML at all; what was read of it means nothing then. */
  readonly readable: boolean
  /** A mistake at the key or the value of `path`, or at the nearest part around it that is there. */
  issueAt(path: Path, part: 'key' | 'value', message: string): Issue
}

interface Place {
  readonly key: number
  readonly value: number
}

/** More is a mistake or an attack (aliases of aliases), not a configuration. */
const mostNodes = 100_000
const mostDepth = 50

export function readDocument(text: string, file: string): Document {
  const lines = new LineCounter()
  const places = new Map<string, Place>()
  const issues: Issue[] = []

  function issue(path: Path, offset: number, message: string): Issue {
    const { line, col } = lines.linePos(offset)
    return { path: path.join('.'), file, line: Math.max(1, line), column: Math.max(1, col), message }
  }

  function issueAt(path: Path, part: 'key' | 'value', message: string): Issue {
    for (let length = path.length; length >= 0; length--) {
      const place = places.get(pathKey(path.slice(0, length)))
      // Of what is missing, the key of the part around it is where a person has to go.
      if (place) return issue(path, length === path.length ? place[part] : place.key, message)
    }
    return issue(path, 0, message)
  }

  const parsed = parse(text, lines)
  if (typeof parsed === 'string') issues.push(issue([], 0, parsed))
  else issues.push(...findSyntaxErrors(parsed, text, lines, file))
  const readable = typeof parsed !== 'string' && issues.length === 0
  const [document, second] = typeof parsed === 'string' ? [] : parsed
  if (second) {
    const message =
      'a second document begins here; a configuration is one document, so remove this --- and what follows'
    issues.push(issue([], second.contents?.range?.[0] ?? second.range[0], message))
  }
  const written = document && readable ? walk(document) : null
  return { file, written, issues, readable, issueAt }

  function walk(document: YamlDocument.Parsed): Json {
    const anchors = new Map<string, Node>()
    let nodes = 0
    let refused = false
    return toJson(document.contents, [], { key: 0, value: document.contents?.range[0] ?? 0 }, 0)

    function toJson(node: Node | null, path: Path, place: Place, depth: number): Json {
      places.set(pathKey(path), place)
      if (++nodes > mostNodes || depth > mostDepth) return refuse(path, place.value, depth)
      if (isAlias(node)) return fromAlias(node.source, path, place, depth)
      // The library would walk through the whole document for each alias.
      if (node?.anchor !== undefined) anchors.set(node.anchor, node)
      if (isMap(node)) return fromMap(node, path, depth)
      if (isSeq(node))
        return node.items.map((item, index) => {
          const value = isNode(item) ? item : null
          const offset = value?.range?.[0] ?? place.value
          return toJson(value, [...path, index], { key: offset, value: offset }, depth + 1)
        })
      if (isScalar(node)) return fromScalar(node.value)
      return null
    }

    function refuse(path: Path, offset: number, depth: number): null {
      const deep = `this is nested more than ${mostDepth} levels deep; no option goes that deep`
      const many = `the file has more than ${mostNodes} values, aliases counted each time; use fewer`
      if (!refused) issues.push(issue(path, offset, depth > mostDepth ? deep : many))
      refused = true
      return null
    }

    function fromAlias(name: string, path: Path, place: Place, depth: number): Json {
      const target = anchors.get(name)
      if (target) return toJson(target, path, place, depth + 1)
      issues.push(issue(path, place.value, `nothing is anchored as &${name}; put &${name} before the value meant`))
      return null
    }

    function fromMap(map: YAMLMap, path: Path, depth: number): Json {
      const object: Record<string, Json> = {}
      const first = new Map<string, number>()
      for (const pair of map.items) {
        if (!isPair(pair)) continue
        const offset = (isNode(pair.key) ? pair.key.range?.[0] : undefined) ?? map.range?.[0] ?? 0
        const name = nameOf(pair.key)
        if (name === undefined || name === '__proto__') {
          issues.push(issue(path, offset, 'this cannot be a key; write a plain word before the colon'))
          continue
        }
        const inner = [...path, name]
        const before = first.get(name)
        if (before !== undefined) {
          const message = `"${name}" is given twice here, first in line ${lines.linePos(before).line}; remove one of them`
          issues.push(issue(inner, offset, message))
          continue
        }
        first.set(name, offset)
        const value = isNode(pair.value) ? pair.value : null
        object[name] = toJson(value, inner, { key: offset, value: value?.range?.[0] ?? offset }, depth + 1)
      }
      return object
    }
  }
}

/** Whether `path` is `around` or lies in it. */
export function isWithin(path: Path, around: Path): boolean {
  return around.every((part, index) => String(path[index]) === String(part))
}

export function pathKey(path: Path): string {
  return path.join('\0')
}

type Parsed = readonly YamlDocument.Parsed[]

function parse(text: string, lineCounter: LineCounter): Parsed | string {
  try {
    const options = { lineCounter, uniqueKeys: false, prettyErrors: false, logLevel: 'silent', version: '1.2' } as const
    const documents = parseAllDocuments(text.replace(/^\ufeff/, ''), options)
    return Array.isArray(documents) ? (documents as Parsed) : []
  } catch (error) {
    // The parser recurses, so that thousands of brackets end its stack.
    if (error instanceof RangeError) return 'this is nested too deeply to be read; no option goes that deep'
    return `this cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** The first of each line: what follows it is mostly its echo. */
function findSyntaxErrors(documents: Parsed, text: string, lines: LineCounter, file: string): Issue[] {
  const found = new Map<number, Issue>()
  const errors = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])
  for (const error of errors.sort((a, b) => a.pos[0] - b.pos[0])) {
    const { line, col } = lines.linePos(Math.min(error.pos[0], text.length))
    const lineText = text.split('\n')[line - 1] ?? ''
    if (!found.has(line)) {
      const message = syntaxAdvice(error.code, error.message, lineText)
      found.set(line, { path: '', file, line: Math.max(1, line), column: Math.max(1, col), message })
    }
  }
  return [...found.values()]
}

function isNode(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value) || isAlias(value)
}

/** Keys that are numbers or true are names to us. */
function nameOf(key: unknown): string | undefined {
  if (!isScalar(key) || key.value === null) return undefined
  return typeof key.value === 'string' ? key.value : key.source
}

function fromScalar(value: unknown): Json {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value
  return null
}
