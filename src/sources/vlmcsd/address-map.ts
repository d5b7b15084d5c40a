// A map from addresses to the places of connections that stays fast and small with a hundred thousand of them.
import { none } from './chain.ts'
import type { Key } from './connections.ts'

const fewestSlots = 1024
/** In a slot; so that a new array is empty, a place is kept there as one more. */
const empty = 0

/**
 * Numbers (v4 address and port) stand by their place, and are hashed into a flat array of places: a Map would keep a boxed
 * number and two links for each and miss the cache several times per look. Everything else goes into a Map.
 */
export class AddressMap {
  readonly #others = new Map<string, number>()
  #keys = new Float64Array(fewestSlots)
  #slots = new Int32Array(fewestSlots)
  #count = 0

  get size(): number {
    return this.#count + this.#others.size
  }

  /** `none` when the address is not there. */
  get(key: Key): number {
    if (typeof key === 'string') return this.#others.get(key) ?? none
    return this.#placeIn(this.#slotOf(key))
  }

  /** The number at a place that has one. */
  keyAt(place: number): number {
    return this.#keys[place] ?? none
  }

  /** The address must not be there yet. */
  add(key: Key, place: number): void {
    if (typeof key === 'string') return void this.#others.set(key, place)
    if (this.#count * 2 >= this.#slots.length) this.#resize(this.#slots.length * 4)
    if (place >= this.#keys.length) this.#keys = grown(this.#keys, Math.max(place + 1, 2 * this.#keys.length))
    this.#keys[place] = key
    this.#slots[this.#slotOf(key)] = place + 1
    this.#count++
  }

  delete(key: Key): void {
    if (typeof key === 'string') return void this.#others.delete(key)
    const slot = this.#slotOf(key)
    if (this.#slots[slot] === empty) return
    this.#count--
    this.#close(slot)
    if (this.#slots.length > fewestSlots && this.#count * 16 < this.#slots.length) this.#resize(this.#slots.length / 4)
  }

  #placeIn(slot: number): number {
    return (this.#slots[slot] ?? empty) - 1
  }

  /** Where the key is, or would be. */
  #slotOf(key: number): number {
    const mask = this.#slots.length - 1
    for (let slot = hash(key) & mask; ; slot = (slot + 1) & mask) {
      const place = this.#placeIn(slot)
      if (place === none || this.#keys[place] === key) return slot
    }
  }

  /** Moves later entries of the same run up, so that no search ends before it should. */
  #close(hole: number): void {
    const mask = this.#slots.length - 1
    let free = hole
    for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
      const place = this.#placeIn(slot)
      if (place === none) break
      const home = hash(this.keyAt(place)) & mask
      if (((slot - home) & mask) < ((slot - free) & mask)) continue
      this.#slots[free] = place + 1
      free = slot
    }
    this.#slots[free] = empty
  }

  #resize(length: number): void {
    const old = this.#slots
    this.#slots = new Int32Array(length)
    for (const kept of old) if (kept !== empty) this.#slots[this.#slotOf(this.keyAt(kept - 1))] = kept
  }
}

function hash(key: number): number {
  const mixed = Math.imul((key >>> 0) ^ Math.imul(key / 0x1_0000_0000, 0x9e3779b1), 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}

function grown(old: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const next = new Float64Array(length)
  next.set(old)
  return next
}
