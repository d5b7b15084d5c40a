// Writes answers: short headers for programs, strict ones for the page.
import type { ServerResponse } from 'node:http'
import { styleSource } from '../page/frame.ts'
import type { Json } from '../words.ts'

export interface Answer {
  readonly status: number
  /** A string is sent as text/plain, anything else as JSON. */
  readonly body: Json | string
  readonly headers?: { readonly [name: string]: string }
}

export function write(response: ServerResponse, { status, body, headers }: Answer): void {
  const isText = typeof body === 'string'
  send(response, status, isText ? body : JSON.stringify(body), {
    'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json',
    ...headers,
  })
}

export function refuse(response: ServerResponse, status: number, error: string, headers?: Answer['headers']): void {
  write(response, { status, body: { error }, ...(headers === undefined ? {} : { headers }) })
}

/** Nothing but what stands in the page itself: no script, no picture, no frame, no other site. */
const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src ${styleSource}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
}

export function writePage(response: ServerResponse, status: number, html: string, headers?: Answer['headers']): void {
  send(response, status, html, { ...pageHeaders, ...headers })
}

/** For everything: never taken for another type, never kept, never named to another site, never embedded by one. */
export const alwaysHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
}

function send(response: ServerResponse, status: number, text: string, headers: { [name: string]: string }): void {
  if (response.headersSent || response.destroyed) return
  const length = Buffer.byteLength(text)
  response.writeHead(status, { ...headers, ...alwaysHeaders, 'content-length': length })
  response.end(response.req.method === 'HEAD' ? undefined : text)
}
