// The rules of this house that no linter knows, as checks over the text of the project's files.
import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { listFiles, listIgnored } from './tree.ts'

/** Files that may be longer than 300 lines, since they are tables. */
const tables: readonly string[] = []

const standardFolders = ['/', '/home', '/opt', '/root', '/srv', '/tmp', '/usr', '/usr/src', '/var', '/var/lib', '/app']

/** One sentence per finding; empty when all is well. */
export function findHouseFaults(root: string): string[] {
  const paths = listFiles(root)
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  const faults = listIgnored(root).map((path) => `${path}: is ignored by git, so a clone would lack it`)
  const marks = machineMarks(root)
  for (const path of paths) {
    if (/\.(gz|png|ico|woff2|svg)$/.test(path)) continue
    const text = read(path)
    if (path.endsWith('.ts')) faults.push(...checkSource(path, text))
    if (path.endsWith('.test.ts')) faults.push(...checkTest(path, text))
    if (path === 'package-lock.json') faults.push(...checkLock(text))
    else faults.push(...checkMarks(path, text, marks))
    if (/\.(md|ts|yaml)$/.test(path)) faults.push(...checkMentions(path, text, paths))
  }
  faults.push(...checkChangelog(paths.includes('CHANGELOG.md') ? read('CHANGELOG.md') : ''))
  return faults
}

export function checkSource(path: string, text: string): string[] {
  const faults: string[] = []
  const lines = text.split('\n')
  const first = lines[0] ?? ''
  if (!/^\/\/ \S.*\S$/.test(first) && !first.startsWith('#!'))
    faults.push(`${path}:1: opens with no sentence that says what the file is for`)
  const most = path.endsWith('.test.ts') ? 500 : 300
  if (lines.length - 1 > most && !tables.includes(path))
    faults.push(`${path}: has ${lines.length - 1} lines; at most ${most}`)
  if (!/^[a-z0-9.-]+$/.test(basename(path))) faults.push(`${path}: is not named in kebab-case`)
  lines.forEach((line, index) => {
    if (/\bTO[D]O\b|\bFIXM[E]\b|@ts-(ignore|nocheck|expect-error)/.test(line))
      faults.push(`${path}:${index + 1}: leaves something open: ${line.trim()}`)
  })
  return faults
}

/** Tests are named by behaviour, and all of them run. */
export function checkTest(path: string, text: string): string[] {
  const faults: string[] = []
  text.split('\n').forEach((line, index) => {
    const title = /\b(?:test|describe|it|suite)\(\s*(['"`])(.*?)\1/.exec(line)?.[2]
    if (title !== undefined && /\b[ARS]\d+(\.\d+)?\b/.test(title))
      faults.push(`${path}:${index + 1}: is named by a number: ${title}`)
    if (/\b(?:test|describe|it|suite)\.(only|skip|todo)\(/.test(line))
      faults.push(`${path}:${index + 1}: does not run all tests: ${line.trim()}`)
  })
  return faults
}

/** The lock file must work with any registry: versions and hashes, no hosts. */
export function checkLock(text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    if (!/"resolved":|https?:[^"]*\.tgz/.test(line)) return []
    return [`package-lock.json:${index + 1}: names a registry host; install with the project's .npmrc`]
  })
}

/** Strings that only this machine knows: where the checkout lies and which registry it uses. */
export function machineMarks(root: string, registry = process.env['npm_config_registry']): string[] {
  const marks = [root, dirname(root)].filter((path) => !standardFolders.includes(path)).map((path) => `${path}/`)
  const host = (registry === undefined ? undefined : URL.parse(registry)?.host) ?? ''
  // A bare word such as `npm` may be a host's name and stands in every text.
  const isPlain = !/[.:]/.test(host) || /^(localhost|127\.)/.test(host) || host === 'registry.npmjs.org'
  return isPlain ? marks : [...marks, host]
}

export function checkMarks(path: string, text: string, marks: readonly string[]): string[] {
  return text.split('\n').flatMap((line, index) => {
    const found = marks.find((mark) => line.includes(mark)) ?? /\/(home|Users)\/[a-z]\w*\//.exec(line)?.[0]
    return found === undefined ? [] : [`${path}:${index + 1}: names something of one machine: ${found}`]
  })
}

/** A page of ours that is named must exist. */
export function checkMentions(path: string, text: string, paths: readonly string[]): string[] {
  const names = new Set(paths.map((known) => basename(known)))
  return text
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/(?<![\w<>*${}-])(?:[\w.-]+\/)*(\w[\w-]*\.md)\b/g)]
        .filter((mention) => !line.includes('://') && !names.has(mention[1] ?? ''))
        .map((mention) => `${path}:${index + 1}: names ${mention[0]}, which does not exist`),
    )
}

export function checkChangelog(text: string): string[] {
  return /^## \[?Unreleased\]?/m.test(text) ? [] : ["CHANGELOG.md: has no section '## Unreleased'"]
}
