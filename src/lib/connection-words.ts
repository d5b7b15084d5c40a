// Why a connection did not come about, told from the codes of node's errors, for everything that calls out.

/** Codes of a failed handshake or of a certificate that does not convince. */
export const tlsCode = /^(?:ERR_SSL_|ERR_TLS_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|EPROTO)/

/** Goes on from "No connection to X: …"; a code without words stands for itself. */
export function unreachableWords(code: string): string {
  return words[code] ?? code
}

export function codeOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
  return typeof code === 'string' ? code : String(name)
}

const words: { readonly [code: string]: string } = {
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name could not be looked up',
  ECONNREFUSED: 'the port is closed',
  ECONNRESET: 'it was reset',
  ETIMEDOUT: 'no packet came back',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
}
