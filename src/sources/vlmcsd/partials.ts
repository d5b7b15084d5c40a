// Long lines that a container runtime tore into parts, joined again; kept over a restart.
import type { Json } from '../../words.ts'
import { type Line, setBytes } from './line.ts'

export interface Partials {
  /** Parts are waiting for their rest. */
  readonly isOpen: boolean
  /** Takes a part, or the end of one; true when `line` is whole. */
  join(line: Line): boolean
  save(): { readonly put?: readonly [string, Json]; readonly gone?: string } | undefined
}

/** vlmcsd's own lines are shorter by far. */
const mostBytes = 64 * 1024
const shape = /^(?:\S+ +\| )?\d{4}-\d\d-\d\dT\S+ (stdout|stderr) ([FP]) /

export function createPartials(saved: Json | undefined): Partials {
  const parts = new Map<string, string>(Object.entries((saved ?? {}) as { readonly [stream: string]: string }))
  let isStored = parts.size > 0
  let changed = false

  function join(line: Line): boolean {
    const head = shape.exec(line.bytes.toString('latin1', line.start, Math.min(line.end, line.start + 120)))
    const stream = head?.[1]
    if (!head || stream === undefined) return true
    const before = parts.get(stream)
    if (head[2] === 'F' && before === undefined) return true
    changed = true
    const text = line.bytes.toString('latin1', line.start + (before === undefined ? 0 : head[0].length), line.end)
    const joined = `${before ?? ''}${text}`.slice(0, mostBytes)
    if (head[2] === 'P') {
      parts.set(stream, joined)
      return false
    }
    parts.delete(stream)
    // The head is that of the first part, which the prefix takes for a whole line all the same.
    const whole = Buffer.from(joined, 'latin1')
    setBytes(line, whole, 0, whole.length)
    return true
  }

  return {
    get isOpen() {
      return parts.size > 0
    },
    join,
    save() {
      if (!changed) return undefined
      changed = false
      if (parts.size > 0) {
        isStored = true
        return { put: ['partial', Object.fromEntries(parts)] }
      }
      if (!isStored) return undefined
      isStored = false
      return { gone: 'partial' }
    },
  }
}
