// Connections to servers whose certificate no public authority has signed: by an authority of their own, or by a fingerprint.
import https from 'node:https'
import tls from 'node:tls'
import type { Duplex } from 'node:stream'

/** Either of the two; with both, the fingerprint alone counts. */
export interface Trust {
  /** Certificates of authorities in PEM, instead of the usual ones. */
  readonly ca?: string
  /** SHA-256 of the server's certificate in hexadecimal digits, with or without colons; its name and its authority do not count then. */
  readonly fingerprint?: string
}

/** `AB:CD:…`; undefined for what is no SHA-256 fingerprint. */
export function readFingerprint(text: string): string | undefined {
  const digits = text
    .trim()
    .replace(/^sha256[:=]/i, '')
    .replaceAll(':', '')
    .toUpperCase()
  return /^[0-9A-F]{64}$/.test(digits) ? (digits.match(/../g) ?? []).join(':') : undefined
}

export function createTrustingAgent({ ca, fingerprint }: Trust, idleMs: number): https.Agent {
  if (fingerprint !== undefined) return new PinnedAgent(readFingerprint(fingerprint), idleMs)
  return new https.Agent({ keepAlive: true, timeout: idleMs, ...(ca === undefined ? {} : { ca }) })
}

type Created = (error: Error | null, stream: Duplex) => void

/** Hands a connection out only when its certificate was seen to be the right one: nothing is sent to another. */
class PinnedAgent extends https.Agent {
  readonly #fingerprint: string | undefined

  constructor(fingerprint: string | undefined, idleMs: number) {
    super({ keepAlive: true, timeout: idleMs })
    this.#fingerprint = fingerprint
  }

  override createConnection(options: https.RequestOptions, created?: Created): undefined {
    // The fingerprint stands for what is otherwise checked.
    const socket = tls.connect({ ...(options as tls.ConnectionOptions), rejectUnauthorized: false })
    const failed = (error: Error): void => created?.(error, socket)
    socket.once('error', failed)
    socket.once('secureConnect', () => {
      socket.off('error', failed)
      if (this.#fingerprint !== undefined && socket.getPeerCertificate().fingerprint256 === this.#fingerprint)
        return created?.(null, socket)
      socket.destroy()
      created?.(Object.assign(new Error('another certificate'), { code: 'ERR_TLS_FINGERPRINT' }), socket)
    })
  }
}
