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
  /** Place and hash of each slot side by side, so that a look seldom needs the key itself. */
  #slots = new Int32Array(2 * fewestSlots)
  #mask = fewestSlots - 1
  #count = 0

  get size(): number {
    return this.#count + this.#others.size
  }

  /** `none` when the address is not there. */
  get(key: Key): number {
    if (typeof key === 'string') return this.#others.get(key) ?? none
    return this.#kept(this.#slotOf(key, hash(key))) - 1
  }

  /** The number at a place that has one. */
  keyAt(place: number): number {
    return this.#keys[place] ?? none
  }

  /** The address must not be there yet. */
  add(key: Key, place: number): void {
    if (typeof key === 'string') return void this.#others.set(key, place)
    if (this.#count * 2 > this.#mask) this.#resize((this.#mask + 1) * 4)
    if (place >= this.#keys.length) this.#keys = grown(this.#keys, Math.max(place + 1, 2 * this.#keys.length))
    this.#keys[place] = key
    const mixed = hash(key)
    this.#keep(this.#slotOf(key, mixed), place + 1, mixed)
    this.#count++
  }

  delete(key: Key): void {
    if (typeof key === 'string') return void this.#others.delete(key)
    const slot = this.#slotOf(key, hash(key))
    if (this.#kept(slot) === empty) return
    this.#count--
    this.#close(slot)
    if (this.#mask >= fewestSlots && this.#count * 16 <= this.#mask) this.#resize((this.#mask + 1) / 4)
  }

  #kept(slot: number): number {
    return this.#slots[2 * slot] ?? empty
  }

  #hashIn(slot: number): number {
    return this.#slots[2 * slot + 1] ?? 0
  }

  #keep(slot: number, kept: number, mixed: number): void {
    this.#slots[2 * slot] = kept
    this.#slots[2 * slot + 1] = mixed
  }

  /** Where the key is, or would be. */
  #slotOf(key: number, mixed: number): number {
    for (let slot = mixed & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const kept = this.#kept(slot)
      if (kept === empty || (this.#hashIn(slot) === mixed && this.#keys[kept - 1] === key)) return slot
    }
  }

  /** Moves later entries of the same run up, so that no search ends before it should. */
  #close(hole: number): void {
    const mask = this.#mask
    let free = hole
    for (let slot = (hole + 1) & mask; this.#kept(slot) !== empty; slot = (slot + 1) & mask) {
      const home = this.#hashIn(slot) & mask
      if (((slot - home) & mask) < ((slot - free) & mask)) continue
      this.#keep(free, this.#kept(slot), this.#hashIn(slot))
      free = slot
    }
    this.#keep(free, empty, 0)
  }

  #resize(slots: number): void {
    const old = this.#slots
    this.#slots = new Int32Array(2 * slots)
    this.#mask = slots - 1
    for (let at = 0; at < old.length; at += 2) {
      const mixed = old[at + 1] ?? 0
      if (old[at] === empty) continue
      let slot = mixed & this.#mask
      while (this.#kept(slot) !== empty) slot = (slot + 1) & this.#mask
      this.#keep(slot, old[at] ?? empty, mixed)
    }
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
