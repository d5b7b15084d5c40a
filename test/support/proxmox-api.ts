// A double of Proxmox's API as far as a proxmox source asks it, written from its public documentation; no Proxmox was at hand.
// https://pve.proxmox.com/pve-docs/api-viewer/ and https://pve.proxmox.com/wiki/Proxmox_VE_API
import { X509Certificate } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { testCertificate, testKey } from './certificate.ts'

export const apiToken = 'sereno@pve!watch=11111111-2222-3333-4444-555555555555'

export interface ApiGuest {
  status: string
  readonly name?: string
  readonly config?: { readonly [key: string]: string | number }
  readonly template?: 1
}

export class ProxmoxApi implements AsyncDisposable {
  readonly url: string
  readonly fingerprint = new X509Certificate(testCertificate).fingerprint256
  readonly qemu = new Map<number, ApiGuest>()
  readonly lxc = new Map<number, ApiGuest>()
  storages: readonly object[] = []
  /** What it answers instead, such as 595 when a node cannot be reached. */
  refuses: number | undefined
  /** Paths that were asked for, with the token that came. */
  readonly asked: { readonly path: string; readonly token: string | undefined }[] = []
  readonly #server: Server

  static async start(): Promise<ProxmoxApi> {
    const server = createServer({ key: testKey, cert: testCertificate })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new ProxmoxApi(server)
  }

  private constructor(server: Server) {
    this.#server = server
    this.url = `https://localhost:${(server.address() as AddressInfo).port}`
    server.on('request', (request, response) => this.#answer(request, response))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url: path = '', headers } = request
    const token = headers.authorization
    this.asked.push({ path, token })
    if (token !== `PVEAPIToken=${apiToken}`) return refuse(response, 401)
    if (this.refuses !== undefined) return refuse(response, this.refuses)
    const [, node, kind, id, what] = /^\/api2\/json\/nodes\/([^/]+)\/([a-z]+)(?:\/(\d+)\/([a-z]+))?$/.exec(path) ?? []
    // A node that it does not know, it looks for in the network.
    if (node !== 'pve1') return refuse(response, node === undefined ? 501 : 500)
    const guests = kind === 'qemu' ? this.qemu : kind === 'lxc' ? this.lxc : undefined
    if (kind === 'storage' && id === undefined) return say(response, this.storages)
    if (guests === undefined) return refuse(response, 501)
    if (id === undefined)
      return say(
        response,
        [...guests].map(([vmid, one]) => listed(vmid, one)),
      )
    const config = what === 'config' ? guests.get(Number(id))?.config : undefined
    return config === undefined ? refuse(response, 500) : say(response, { digest: 'a'.repeat(40), ...config })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function listed(vmid: number, { status, name, template }: ApiGuest): object {
  return {
    vmid,
    status,
    cpus: 2,
    mem: 0,
    uptime: 0,
    ...(name === undefined ? {} : { name }),
    ...(template && { template }),
  }
}

function say(response: ServerResponse, data: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json;charset=UTF-8' }).end(JSON.stringify({ data }))
}

/** Errors have their words in the status line, and no data. */
function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' }).end('{"data":null}')
}
