// Bytes that arrive piece by piece, kept so that many tiny pieces take no more room than a few large ones.

export interface Pile {
  /** Bytes in it. */
  readonly size: number
  add(piece: Buffer): void
  toBuffer(): Buffer
}

/** Each piece is an object of a hundred bytes and more, whatever is in it, and may hold a whole buffer of its socket. */
const mostLoose = 1024

export function createPile(): Pile {
  const merged: Buffer[] = []
  let loose: Buffer[] = []
  let size = 0
  return {
    get size() {
      return size
    },
    add(piece) {
      size += piece.byteLength
      if (loose.push(piece) < mostLoose) return
      merged.push(Buffer.concat(loose))
      loose = []
    },
    toBuffer() {
      const [first, ...more] = [...merged, ...loose]
      return first !== undefined && more.length === 0 ? first : Buffer.concat([...merged, ...loose])
    },
  }
}
