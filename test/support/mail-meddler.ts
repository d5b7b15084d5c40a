// Stands between a client and a real SMTP server, and at one stage answers in its place, says nothing, or breaks off.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** The command whose answer is meddled with: `connect` for the greeting, `message` for the answer to the whole mail. */
export type MeddleStage = 'connect' | 'EHLO' | 'HELO' | 'STARTTLS' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'message'

export type Act =
  /** In place of the server, which does not hear of the command; a mail that was sent whole does arrive there. */
  | { readonly say: string }
  /** Words without their line end, then the end of the connection. */
  | { readonly half: string }
  | 'hang'
  | 'reset'
  | 'close'

export interface MailMeddler extends AsyncDisposable {
  readonly port: number
  /** The commands that the client sent, without their parameters. */
  readonly commands: readonly string[]
  /** When the stage was reached for the first time. */
  readonly reached: Promise<void>
}

export async function startMailMeddler(
  to: number,
  acts: { readonly [stage in MeddleStage]?: Act },
): Promise<MailMeddler> {
  const reached = Promise.withResolvers<void>()
  const commands: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    const end = (): void => void upstream.destroy()
    client.on('close', end)
    void relay(client, upstream).catch(end)
  })

  async function relay(client: Socket, upstream: Socket): Promise<void> {
    const [said, answered] = [readLines(client), readLines(upstream)]
    const meddle = async (stage: MeddleStage, forward: () => Promise<string>): Promise<string> => {
      const act = acts[stage]
      if (act === undefined) return pass(await forward())
      // What was sent arrives; only its answer does not.
      const isSaid = typeof act === 'object' && 'say' in act
      if (!isSaid && (stage === 'connect' || stage === 'message')) await forward()
      reached.resolve()
      if (isSaid) return pass(`${act.say}\r\n`)
      if (act === 'reset') client.resetAndDestroy()
      else if (act === 'close') client.end()
      else if (act !== 'hang') client.end(act.half)
      // Leaving the loops below would close the connection.
      return new Promise(() => {})
    }
    const pass = (reply: string): string => {
      client.write(reply, 'latin1')
      return reply
    }
    const reply = (): Promise<string> => readReply(answered)
    await meddle('connect', reply)
    for await (const line of said) {
      const verb = (/^[A-Za-z]+/.exec(line)?.[0] ?? '').toUpperCase()
      commands.push(verb)
      const answer = await meddle(verb as MeddleStage, () => {
        upstream.write(line, 'latin1')
        return reply()
      })
      if (verb !== 'DATA' || !answer.startsWith('354')) continue
      const mail = await readMail(said)
      await meddle('message', () => {
        upstream.write(mail, 'latin1')
        return reply()
      })
    }
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    commands,
    reached: reached.promise,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Each with its line end. */
async function* readLines(socket: Socket): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    rest += chunk.toString('latin1')
    for (let at = rest.indexOf('\n'); at >= 0; at = rest.indexOf('\n')) {
      yield rest.slice(0, at + 1)
      rest = rest.slice(at + 1)
    }
  }
}

async function readReply(lines: AsyncGenerator<string>): Promise<string> {
  let reply = ''
  for (;;) {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('the server ended the conversation')
    reply += value
    if (/^\d{3} /.test(value)) return reply
  }
}

async function readMail(lines: AsyncGenerator<string>): Promise<string> {
  let mail = ''
  for (;;) {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('the client ended the conversation')
    mail += value
    if (value === '.\r\n') return mail
  }
}
