// Makes a restic repository open in milliseconds instead of half a second: the same key behind an easy password hash.
// Only for tests, where hundreds of commands would else spend their time on being slow to guess.
// The format: https://restic.readthedocs.io/en/stable/100_references.html#keys-encryption-and-mac
import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

interface KeyFile {
  readonly N: number
  readonly r: number
  readonly p: number
  readonly salt: string
  readonly data: string
}

interface Keys {
  readonly encryption: Buffer
  readonly mac: Buffer
  readonly macFactor: Buffer
}

/** Of a repository that has one key, the one with this password. */
export async function quickenKey(repository: string, password: string): Promise<void> {
  const folder = join(repository, 'keys')
  const [name = ''] = await readdir(folder)
  const old = JSON.parse(await readFile(join(folder, name), 'utf8')) as KeyFile
  const master = open(Buffer.from(old.data, 'base64'), derive(password, old))
  const easy = { ...old, N: 2, r: 1, p: 1, salt: randomBytes(64).toString('base64') }
  const text = JSON.stringify({ ...easy, data: seal(master, derive(password, easy)).toString('base64') })
  await writeFile(join(folder, createHash('sha256').update(text).digest('hex')), text)
  await rm(join(folder, name))
}

function derive(password: string, { N, r, p, salt }: Omit<KeyFile, 'data'>): Keys {
  const bytes = scryptSync(password, Buffer.from(salt, 'base64'), 64, { N, r, p, maxmem: 256 * 1024 * 1024 })
  return { encryption: bytes.subarray(0, 32), mac: bytes.subarray(32, 48), macFactor: bytes.subarray(48, 64) }
}

function open(sealed: Buffer, { encryption }: Keys): Buffer {
  const cipher = createDecipheriv('aes-256-ctr', encryption, sealed.subarray(0, 16))
  return cipher.update(sealed.subarray(16, -16))
}

function seal(plain: Buffer, { encryption, mac, macFactor }: Keys): Buffer {
  const nonce = randomBytes(16)
  const text = createCipheriv('aes-256-ctr', encryption, nonce).update(plain)
  const summand = createCipheriv('aes-128-ecb', mac, null).setAutoPadding(false).update(nonce)
  return Buffer.concat([nonce, text, poly1305(text, macFactor, summand)])
}

/** RFC 8439, 2.5. */
function poly1305(message: Buffer, factor: Buffer, summand: Buffer): Buffer {
  const prime = (1n << 130n) - 5n
  const r = toNumber(factor) & 0x0ffffffc0ffffffc0ffffffc0fffffffn
  let sum = 0n
  for (let at = 0; at < message.length; at += 16) {
    const block = toNumber(Buffer.concat([message.subarray(at, at + 16), Buffer.from([1])]))
    sum = ((sum + block) * r) % prime
  }
  const tag = (sum + toNumber(summand)) & ((1n << 128n) - 1n)
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse()
}

/** The lowest byte first. */
function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}
