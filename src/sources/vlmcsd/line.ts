// One line of the log on its way through prefix, grammar and session: a record that is filled anew for every line.
import { toView } from '../../lib/ascii.ts'

/** What a line says, in the words of vlmcsd's log. */
export const form = {
  unknown: 0,
  accepted: 1,
  closed: 2,
  request: 3,
  protocol: 4,
  virtual: 5,
  status: 6,
  remaining: 7,
  application: 8,
  sku: 9,
  counted: 10,
  machine: 11,
  previous: 12,
  clientTime: 13,
  workstation: 14,
  minimum: 15,
  response: 16,
  epid: 17,
  hardware: 18,
  active: 19,
  renewal: 20,
  retry: 21,
  refusal: 22,
  shortRequest: 23,
  shortResponse: 24,
  publicAddress: 25,
  unsupported: 26,
  crash: 27,
  started: 28,
  stopped: 29,
  rpcAccepted: 30,
  /** Known, and of no interest. */
  chatter: 31,
} as const

export interface Line {
  bytes: Buffer
  /** Over the same bytes, to read several at once. */
  view: DataView
  /** Where the message begins, behind all prefixes. */
  start: number
  end: number
  form: number
  /** Where the value begins, for forms that have one. */
  value: number
  /** UTC ms: of the prefix, else of reading; 0 when neither is known. */
  at: number
  /** Whether the line brought its own time. */
  stamped: boolean
  /** -1: the transport does not say. */
  pid: number
  /** The host of a syslog prefix. */
  host: string | undefined
  /** What stood before the words: nothing, vlmcsd's date, or a transport's prefix. All lines of a log have the same. */
  layout: 'bare' | 'dated' | 'wrapped'
}

/** Lines of one chunk share their bytes. */
export function setBytes(line: Line, bytes: Buffer, start: number, end: number): void {
  if (line.bytes !== bytes) {
    line.bytes = bytes
    line.view = toView(bytes)
  }
  line.start = start
  line.end = end
}

export function createLine(): Line {
  const bytes = Buffer.alloc(0)
  return {
    bytes,
    view: toView(bytes),
    start: 0,
    end: 0,
    form: form.unknown,
    value: 0,
    at: 0,
    stamped: false,
    pid: -1,
    host: undefined,
    layout: 'bare',
  }
}
