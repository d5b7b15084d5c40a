// The grammar of vlmcsd's log lines: which form a line has and where its value begins. Works on bytes, makes no strings.
import { type Ascii, isAt, toAscii } from '../../lib/ascii.ts'
import { form, type Line } from './line.ts'
import { isText } from './values.ts'

/** Sets `form` and `value` of a line whose prefixes are gone. */
export function classify(line: Line): void {
  // Lines mostly follow each other as the last time: that is tried first.
  const likely = followers[lastEntry]
  const entry = likely !== undefined && matches(line, likely) ? likely : find(line)
  line.form = form.unknown
  if (entry === undefined) return
  line.form = entry.form
  lastEntry = entry.index
}

/** Among all; remembers which one it was. */
function find(line: Line): Entry | undefined {
  const { bytes, start } = line
  const group = groups[bytes[start] ?? 0]
  const possible = group?.entries[bytes[start + group.at] ?? 0] ?? []
  const entry = possible.find((one) => matches(line, one))
  if (entry !== undefined) followers[lastEntry] = entry
  return entry
}

type Kind = 'label' | 'start' | 'whole' | 'coded'

interface Entry {
  readonly index: number
  readonly form: number
  readonly text: string
  readonly kind: Kind
  /** Undefined when the text is too short for it. */
  readonly ascii: Ascii | undefined
  /** A label as vlmcsd pads it. */
  readonly padded: Ascii | undefined
  readonly suffix: string
}

/** Entries with the same first character, told apart by the one at `at`. */
interface Group {
  readonly at: number
  readonly entries: readonly (readonly Entry[] | undefined)[]
}

function matches(line: Line, entry: Entry): boolean {
  const { view, start, end } = line
  const { padded } = entry
  if (padded !== undefined && start + padded.length < end && isAt(view, start, padded)) {
    line.value = start + padded.length
    if (line.bytes[line.value] !== space) return true
  }
  const after = start + entry.text.length
  if (after > end || !beginsWith(line, entry)) return false
  line.value = after
  if (entry.kind === 'label') return skipColon(line)
  if (entry.kind === 'whole') return after === end
  if (entry.kind === 'coded') return hasCode(line)
  return entry.suffix === '' || endsWith(line, entry.suffix)
}

function beginsWith({ bytes, view, start }: Line, { ascii, text }: Entry): boolean {
  return ascii === undefined ? isText(text, bytes, start, start + text.length) : isAt(view, start, ascii)
}

/** Labels are padded to 32 columns, but other paddings are fine. */
function skipColon(line: Line): boolean {
  const { bytes, end } = line
  let at = line.value
  while (at < end && bytes[at] === space) at++
  if (at >= end || bytes[at] !== colon) return false
  at++
  while (at < end && bytes[at] === space) at++
  line.value = at
  return true
}

/** A refusal ends with its HRESULT in brackets, as in (0xC004F042). */
function hasCode(line: Line): boolean {
  const { bytes, end } = line
  const open = end - 12
  if (open <= line.start || bytes[end - 1] !== 0x29 || bytes[open] !== 0x28) return false
  if (bytes[open + 1] !== 0x30 || bytes[open + 2] !== 0x78) return false
  for (let at = open + 3; at < end - 1; at++) if (!isHex(bytes[at] ?? 0)) return false
  line.value = open + 1
  return true
}

function endsWith(line: Line, suffix: string): boolean {
  const from = line.end - suffix.length
  return from >= line.value && isText(suffix, line.bytes, from, line.end)
}

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
}

const space = 0x20
const colon = 0x3a
let entries = 0

function entry(kind: Kind, code: number, text: string, suffix = ''): Entry {
  const ascii = text.length < 8 ? undefined : toAscii(text)
  const padded = kind === 'label' ? toAscii(`${text.padEnd(32)}: `) : undefined
  return { index: entries++, form: code, text, kind, ascii, padded, suffix }
}

const table: readonly Entry[] = [
  entry('start', form.accepted, 'IPv4 connection accepted: ', '.'),
  entry('start', form.accepted, 'IPv6 connection accepted: ', '.'),
  entry('start', form.closed, 'IPv4 connection closed: ', '.'),
  entry('start', form.closed, 'IPv6 connection closed: ', '.'),
  entry('start', form.rpcAccepted, 'RPC connection accepted: '),
  entry('whole', form.request, '<<< Incoming KMS request'),
  entry('label', form.protocol, 'Protocol version'),
  entry('label', form.virtual, 'Client is a virtual machine'),
  entry('label', form.status, 'Licensing status'),
  entry('label', form.remaining, 'Remaining time (0 = forever)'),
  entry('label', form.application, 'Application ID'),
  entry('label', form.sku, 'SKU ID (aka Activation ID)'),
  entry('label', form.sku, 'Activation ID (Product)'),
  entry('label', form.counted, 'KMS ID (aka KMS counted ID)'),
  entry('label', form.counted, 'Key Management Service ID'),
  entry('label', form.machine, 'Client machine ID'),
  entry('label', form.previous, 'Previous client machine ID'),
  entry('label', form.clientTime, 'Client request timestamp (UTC)'),
  entry('label', form.workstation, 'Workstation name'),
  entry('label', form.minimum, 'N count policy (minimum clients)'),
  entry('start', form.response, '>>> Sending response'),
  entry('label', form.epid, 'KMS host extended PID'),
  entry('label', form.hardware, 'KMS host Hardware ID'),
  entry('label', form.active, 'KMS host current active clients'),
  entry('label', form.renewal, 'Renewal interval policy'),
  entry('label', form.retry, 'Activation interval policy'),
  entry('coded', form.refusal, 'Rejecting '),
  entry('coded', form.refusal, 'Refusing '),
  entry('coded', form.refusal, 'Client time differs '),
  entry('start', form.shortRequest, 'KMS v'),
  entry('start', form.shortResponse, 'Sending ePID ('),
  entry('whole', form.publicAddress, 'Client with public IP address rejected'),
  entry('start', form.unsupported, 'Fatal: KMSv', ' unsupported'),
  entry('start', form.crash, 'Warning: Child killed/crashed by '),
  entry('start', form.started, 'vlmcsd ', ' started successfully'),
  entry('start', form.stopped, 'vlmcsd ', ' was shutdown'),
  entry('start', form.chatter, 'Listening on '),
  entry('start', form.chatter, 'Read ini file '),
  entry('start', form.chatter, 'Read KMS data file '),
  entry('start', form.chatter, 'Using CSVLK '),
  entry('start', form.chatter, 'Cannot verify that client has a private IP address'),
  entry('start', form.chatter, 'Warning: '),
  entry('start', form.chatter, 'Fatal: '),
]

let lastEntry = 0
const followers: (Entry | undefined)[] = table.map(() => undefined)

const groups: readonly (Group | undefined)[] = makeGroups()

function makeGroups(): (Group | undefined)[] {
  const made: (Group | undefined)[] = Array(256).fill(undefined)
  for (const first of new Set(table.map(({ text }) => codeAt(text, 0)))) {
    const all = table.filter(({ text }) => codeAt(text, 0) === first)
    const at = bestIndex(all)
    const byByte: Entry[][] = []
    for (const one of all) (byByte[codeAt(one.text, at)] ??= []).push(one)
    made[first] = { at, entries: Array.from({ length: 256 }, (_, byte) => byByte[byte]) }
  }
  return made
}

/** The place, within the shortest text, where the most entries differ. */
function bestIndex(entries: readonly Entry[]): number {
  const shortest = Math.min(...entries.map(({ text }) => text.length))
  let best = 0
  let most = 0
  for (let at = 0; at < shortest; at++) {
    const different = new Set(entries.map(({ text }) => codeAt(text, at))).size
    if (different > most) [best, most] = [at, different]
  }
  return best
}

function codeAt(text: string, at: number): number {
  return text.charCodeAt(at)
}
