// The session as rows and back: what a restart needs to go on as if there had been none.
import type { Json, JsonObject } from '../../words.ts'
import type { Question } from './attribution.ts'
import { type Block, createBlock, createFields, type Fields } from './block.ts'
import { cutShortLines } from './blocks.ts'
import { type Connection, createConnection, isPlain, type Key } from './connections.ts'
import { createLine } from './line.ts'
import type { Session } from './session.ts'

export interface Rows {
  readonly put: readonly (readonly [key: string, value: Json])[]
  readonly delete: readonly string[]
}

export type SavedRows = Iterable<readonly [key: string, value: Json]>

/** Whether the two rows that stand for the whole session are on disk. */
export interface Kept {
  session: boolean
  questions: boolean
}

/** Rows of what changed since the last call; what came and went in between has none. `lastAt`: given in an hour that comes twice. */
export function saveChanges(session: Session, kept: Kept, lastAt: number | undefined): Rows {
  const put: [string, Json][] = []
  const gone: string[] = []
  const { places } = session.table
  for (const one of places.changed) {
    one.dirty = false
    if (one.closedId === 0 || one.refs > 0) {
      one.stored = true
      put.push([`c${one.id}`, saveConnection(one)])
    } else if (one.stored) {
      one.stored = false
      gone.push(`c${one.id}`)
    }
  }
  places.eachNew((id, key, at) => put.push([`c${id}`, { key, at }]))
  for (const id of places.gone) gone.push(`c${id}`)
  places.rest()
  for (const block of session.blocks.all()) {
    if (block.version === block.storedVersion) continue
    block.storedVersion = block.version
    put.push([`b${block.id}`, saveBlock(block, session)])
  }
  for (const block of session.finished) gone.push(`b${block.id}`)
  session.finished.length = 0
  saveQuestions(session, kept, put, gone)
  saveSession(session, kept, lastAt, put, gone)
  return { put, delete: gone }
}

function saveQuestions(session: Session, kept: Kept, put: [string, Json][], gone: string[]): void {
  const { attribution } = session
  if (!attribution.dirty) return
  attribution.dirty = false
  if (attribution.questions.length > 0) {
    kept.questions = true
    put.push(['questions', attribution.questions.map(saveQuestion)])
  } else if (kept.questions) {
    kept.questions = false
    gone.push('questions')
  }
}

function saveSession(
  session: Session,
  kept: Kept,
  lastAt: number | undefined,
  put: [string, Json][],
  gone: string[],
): void {
  const { blocks, attribution, lineId } = session
  if (blocks.cutShort && lineId - blocks.cutShort.lineId > cutShortLines) blocks.cutShort = undefined
  const state: { [name: string]: Json } = {}
  if (session.isThreaded) state['threaded'] = true
  if (attribution.doubtUntil > session.lastAt) state['doubtUntil'] = attribution.doubtUntil
  if (blocks.cutShort) {
    const { client, at, lineId: cutAt } = blocks.cutShort
    state['cutShort'] = client === undefined ? { at, lineId: cutAt } : { at, lineId: cutAt, client }
  }
  if (lastAt !== undefined) state['lastAt'] = lastAt
  if (Object.keys(state).length > 0) {
    kept.session = true
    put.push(['session', { lineId, ...state }])
  } else if (kept.session) {
    kept.session = false
    gone.push('session')
  }
}

function saveConnection(one: Connection): JsonObject {
  if (isPlain(one) && one.lastAt === one.at) return { key: one.key, at: one.at }
  const row: { [name: string]: Json } = { key: one.key, at: one.at }
  if (one.lastAt !== one.at) row['lastAt'] = one.lastAt
  if (one.pid >= 0) row['pid'] = one.pid
  if (one.host !== undefined) row['host'] = one.host
  if (one.state !== 'fresh') row['state'] = one.state
  if (one.identity !== undefined) row['identity'] = one.identity
  for (const flag of flags) if (one[flag]) row[flag] = true
  if (one.closedId > 0) row['closed'] = one.closedId
  return row
}

const flags = ['told', 'versatile', 'lost', 'suspect'] as const

function saveBlock(block: Block, session: Session): JsonObject {
  const { id: _, candidates, version: _version, storedVersion: _stored, fields, ...rest } = block
  const awaits = session.blocks.awaitsMinimum === block
  return {
    ...rest,
    host: rest.host ?? null,
    awaits,
    candidates: candidates.map((one) => one.id),
    fields: saveFields(fields),
  }
}

/** As JSON has it: without what is not known, and null for a time that could not be read. */
function saveFields(fields: Fields): JsonObject {
  const row: { [name: string]: Json } = {}
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined) row[name] = Number.isNaN(value) ? null : value
  return row
}

function saveQuestion(question: Question): Json {
  return { identity: question.identity ?? null, members: question.members.map((one) => [one.id, one.key]) }
}

/** Fills a new session with the rows of the last one; the number of its last line and its time, as far as they matter. */
export function restore(session: Session, rows: SavedRows): { readonly lastAt: number; readonly kept: Kept } {
  const all = new Map(rows)
  const connections = new Map<number, Connection>()
  let lineId = 0
  let lastAt = 0
  for (const [key, value] of [...all].filter(([name]) => name.startsWith('c'))) {
    const one = readConnection(Number(key.slice(1)), value as unknown as ConnectionRow)
    connections.set(one.id, one)
    lineId = Math.max(lineId, one.id, one.closedId)
    lastAt = Math.max(lastAt, one.lastAt)
  }
  const open = [...connections.values()].filter((one) => one.closedId === 0).sort((a, b) => a.id - b.id)
  for (const one of open) session.table.add(one)
  for (const one of open.sort((a, b) => a.lastAt - b.lastAt)) session.table.touch(one, one.lastAt)
  const blocks = [...all]
    .filter(([name]) => name.startsWith('b'))
    .map(([name, row]) => [Number(name.slice(1)), row] as const)
  for (const [id, row] of blocks.sort((a, b) => a[0] - b[0])) {
    const block = readBlock(id, row as unknown as BlockRow, connections)
    session.blocks.add(block)
    lineId = Math.max(lineId, block.lastId)
    lastAt = Math.max(lastAt, block.lastAt)
  }
  restoreQuestions(session, all.get('questions') as unknown as QuestionRow[] | undefined, connections)
  // A new connection must not get the number of a closed one that a question still names.
  for (const { members } of session.attribution.questions) lineId = Math.max(lineId, ...members.map(({ id }) => id))
  const state = all.get('session') as unknown as SessionRow | undefined
  if (state) restoreSession(session, state)
  session.resume(Math.max(lineId, state?.lineId ?? 0))
  return { lastAt: state?.lastAt ?? lastAt, kept: { session: state !== undefined, questions: all.has('questions') } }
}

function restoreQuestions(
  session: Session,
  rows: readonly QuestionRow[] | undefined,
  known: ReadonlyMap<number, Connection>,
): void {
  const stubs = new Map<number, Connection>()
  const find = (id: number, key: Key): Connection => {
    const found = known.get(id) ?? stubs.get(id)
    if (found) return found
    const stub = createConnection(id, key, 0)
    stub.closedId = 1
    stub.told = true
    stubs.set(id, stub)
    return stub
  }
  session.attribution.restore(
    (rows ?? []).map(({ identity, members }) => ({
      identity: identity ?? undefined,
      members: members.map(([id, key]) => find(id, key)),
    })),
  )
}

function restoreSession(session: Session, state: SessionRow): void {
  session.isThreaded = state.threaded ?? false
  session.attribution.doubtUntil = state.doubtUntil ?? 0
  if (!state.cutShort) return
  const { at, lineId, client } = state.cutShort
  session.blocks.cutShort = { at, lineId, client }
}

function readConnection(id: number, row: ConnectionRow): Connection {
  const one = createConnection(id, row.key, row.at)
  one.pid = row.pid ?? -1
  one.host = row.host
  one.lastAt = row.lastAt ?? row.at
  one.state = row.state ?? 'fresh'
  one.identity = row.identity
  for (const flag of flags) one[flag] = row[flag] ?? false
  one.closedId = row.closed ?? 0
  one.stored = true
  return one
}

function readBlock(id: number, row: BlockRow, connections: ReadonlyMap<number, Connection>): Block {
  const { candidates, fields, awaits: _, host, ...rest } = row
  const found = candidates.flatMap((one) => connections.get(one) ?? [])
  for (const one of found) one.refs++
  // JSON has no NaN; a time that could not be read became null.
  const clientTime = fields.clientTime === null ? { clientTime: Number.NaN } : {}
  return {
    ...createBlock(id, createLine(), row.short),
    ...rest,
    id,
    host: host ?? undefined,
    candidates: found,
    fields: { ...createFields(), ...(fields as Partial<Block['fields']>), ...clientTime },
    version: 1,
    storedVersion: 1,
  }
}

interface ConnectionRow {
  readonly key: Key
  readonly at: number
  readonly lastAt?: number
  readonly pid?: number
  readonly host?: string
  readonly state?: Connection['state']
  readonly identity?: string
  readonly told?: boolean
  readonly versatile?: boolean
  readonly lost?: boolean
  readonly suspect?: boolean
  readonly closed?: number
}

interface BlockRow extends Omit<Block, 'id' | 'candidates' | 'fields' | 'host' | 'version' | 'storedVersion'> {
  readonly host: string | null
  readonly awaits: boolean
  readonly candidates: readonly number[]
  readonly fields: { readonly clientTime?: number | null }
}

interface QuestionRow {
  readonly identity: string | null
  readonly members: readonly (readonly [number, Key])[]
}

interface SessionRow {
  readonly lineId: number
  readonly threaded?: boolean
  readonly doubtUntil?: number
  readonly lastAt?: number
  readonly cutShort?: { readonly at: number; readonly lineId: number; readonly client?: Key }
}
