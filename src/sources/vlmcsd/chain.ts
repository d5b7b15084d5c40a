// A list in the order of appending from which any entry can be taken: numbered places linked in two flat arrays.

/** For "no place". */
export const none = -1

export class Chain {
  #before = new Int32Array(64)
  #after = new Int32Array(64)
  first = none
  last = none

  /** The place must not be in the list. */
  append(place: number): void {
    if (place >= this.#before.length) this.#grow(Math.max(place + 1, 2 * this.#before.length))
    this.#before[place] = this.last
    this.#after[place] = none
    if (this.last === none) this.first = place
    else this.#after[this.last] = place
    this.last = place
  }

  /** The place must be in the list. */
  remove(place: number): void {
    const before = this.before(place)
    const after = this.after(place)
    if (before === none) this.first = after
    else this.#after[before] = after
    if (after === none) this.last = before
    else this.#before[after] = before
  }

  before(place: number): number {
    return this.#before[place] ?? none
  }

  after(place: number): number {
    return this.#after[place] ?? none
  }

  #grow(length: number): void {
    this.#before = grown(this.#before, length)
    this.#after = grown(this.#after, length)
  }
}

function grown(old: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const next = new Int32Array(length)
  next.set(old)
  return next
}
