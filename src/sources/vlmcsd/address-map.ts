// A map from addresses to connections that stays fast and small with a hundred thousand of them.
import type { Key } from './connections.ts'

/**
 * Numbers (v4 address and port) are hashed into two flat arrays; a Map would keep a boxed number and two links for each
 * and miss the cache several times per look. Everything else goes into a Map.
 */
export class AddressMap<Value> {
  readonly #others = new Map<string, Value>()
  #keys = new Float64Array(1024).fill(-1)
  #values: (Value | undefined)[] = Array(1024).fill(undefined)
  #count = 0

  get size(): number {
    return this.#count + this.#others.size
  }

  get(key: Key): Value | undefined {
    if (typeof key === 'string') return this.#others.get(key)
    return this.#values[this.#slotOf(key)]
  }

  set(key: Key, value: Value): void {
    if (typeof key === 'string') return void this.#others.set(key, value)
    if (this.#count * 2 >= this.#keys.length) this.#resize(this.#keys.length * 4)
    const slot = this.#slotOf(key)
    if (this.#keys[slot] !== key) this.#count++
    this.#keys[slot] = key
    this.#values[slot] = value
  }

  delete(key: Key): void {
    if (typeof key === 'string') return void this.#others.delete(key)
    const slot = this.#slotOf(key)
    if (this.#keys[slot] !== key) return
    this.#count--
    this.#close(slot)
    if (this.#keys.length > 1024 && this.#count * 16 < this.#keys.length) this.#resize(this.#keys.length / 4)
  }

  /** Where the key is, or would be. */
  #slotOf(key: number): number {
    const mask = this.#keys.length - 1
    let slot = hash(key) & mask
    for (;;) {
      const there = this.#keys[slot]
      if (there === key || there === -1) return slot
      slot = (slot + 1) & mask
    }
  }

  /** Moves later entries of the same run up, so that no search ends before it should. */
  #close(hole: number): void {
    const mask = this.#keys.length - 1
    let free = hole
    for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
      const key = this.#keys[slot] ?? -1
      if (key === -1) break
      const home = hash(key) & mask
      if (((slot - home) & mask) < ((slot - free) & mask)) continue
      this.#keys[free] = key
      this.#values[free] = this.#values[slot]
      free = slot
    }
    this.#keys[free] = -1
    this.#values[free] = undefined
  }

  #resize(length: number): void {
    const keys = this.#keys
    const values = this.#values
    this.#keys = new Float64Array(length).fill(-1)
    this.#values = Array<Value | undefined>(length).fill(undefined)
    for (let from = 0; from < keys.length; from++) {
      const key = keys[from] ?? -1
      if (key === -1) continue
      const slot = this.#slotOf(key)
      this.#keys[slot] = key
      this.#values[slot] = values[from]
    }
  }
}

function hash(key: number): number {
  const mixed = Math.imul((key >>> 0) ^ Math.imul(key / 0x1_0000_0000, 0x9e3779b1), 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
