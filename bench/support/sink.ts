// Takes whatever is posted and says nothing: where a webhook channel may send.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export async function startSink(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
