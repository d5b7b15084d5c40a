// `sereno channel login NAME`: has the owner of an account of the fediverse allow us to post, and keeps the token in a file.
import { access, constants, mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { explain } from '../config/explain.ts'
import { writeDurably } from '../lib/durable-file.ts'
import {
  authorizeUrl,
  createPkce,
  miAuthUrl,
  passwordGrant,
  registerApp,
  tokenByCode,
  tokenByMiAuth,
  tokenByPassword,
  type Got,
} from '../lib/fediverse/oauth.ts'
import { originOf } from '../lib/fediverse/origin.ts'
import { discover, type Ask } from '../lib/fediverse/server.ts'
import { request } from '../lib/http.ts'
import { printable } from '../lib/printable.ts'
import { loadFor } from './configuration.ts'
import { dataFolder } from './data-folder.ts'
import { detailOf, Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface LoginOptions {
  readonly config?: string
  readonly data?: string
  /** In place of the one of the channel, for one that is not configured yet. */
  readonly url?: string
  readonly password?: boolean
}

/** One line of what a person types or a program pipes; empty at its end. */
export type ReadLine = (how?: { readonly hidden?: boolean }) => Promise<string>

export async function login(
  name: string,
  options: LoginOptions,
  terminal: Terminal,
  readLine: ReadLine,
  ask: Ask = request,
): Promise<ExitCode> {
  const { origin, file } = await placesOf(name, options)
  await checkFolder(file)
  const server = await discover(origin, ask)
  if (server?.software === 'firefish' && options.password === true) {
    throw new Refusal(`${origin} takes no passwords from programs; leave out --password`)
  }
  const talk: Talk = { origin, terminal, readLine, ask }
  const token = await (server?.software === 'firefish'
    ? byMiAuth(talk)
    : options.password === true
      ? byPassword(talk)
      : byCode(talk))
  if (!token.ok) throw new Refusal(`${origin} gave no token: ${token.problem}`)
  try {
    await writeDurably(file, `${token.value}\n`, { mode: 0o600 })
  } catch (error) {
    throw new Refusal(`the token cannot be written to ${file}: ${detailOf(error)}`, 1, { cause: error })
  }
  terminal.out(
    `The token is in ${printable(file)}, where only this user can read it. The channel ${name} needs these two lines:`,
  )
  terminal.out(`    url: ${origin}`)
  terminal.out(`    tokenFile: ${printable(file)}`)
  return 0
}

interface Talk {
  readonly origin: string
  readonly terminal: Terminal
  readonly readLine: ReadLine
  readonly ask: Ask
}

async function byCode({ origin, terminal, readLine, ask }: Talk): Promise<Got<string>> {
  const app = await registerApp(origin, ask)
  if (!app.ok) return app
  const pkce = createPkce()
  terminal.out(
    'Open this address in a browser that is logged in to the account, allow it, and copy the code that is shown:',
  )
  terminal.out(`  ${authorizeUrl(origin, app.value, pkce)}`)
  terminal.error('The code:')
  const code = (await readLine()).trim()
  if (code === '') return { ok: false, problem: 'no code was given' }
  return tokenByCode(origin, app.value, pkce, code, ask)
}

async function byMiAuth({ origin, terminal, readLine, ask }: Talk): Promise<Got<string>> {
  const { url, session } = miAuthUrl(origin)
  terminal.out('Open this address in a browser that is logged in to the account, and allow it:')
  terminal.out(`  ${url}`)
  terminal.error('Press Enter when that is done.')
  await readLine()
  return tokenByMiAuth(origin, session, ask)
}

async function byPassword({ origin, terminal, readLine, ask }: Talk): Promise<Got<string>> {
  if ((await passwordGrant(origin, ask)) === 'no') {
    throw new Refusal(`${origin} no longer takes passwords from programs; leave out --password`)
  }
  const app = await registerApp(origin, ask)
  if (!app.ok) return app
  terminal.error('The e-mail address or name of the account:')
  const username = (await readLine()).trim()
  terminal.error('Its password, which is used once and not kept:')
  const password = await readLine({ hidden: true })
  if (username === '' || password === '') return { ok: false, problem: 'no name and password were given' }
  return tokenByPassword(origin, app.value, { username, password }, ask)
}

async function placesOf(
  name: string,
  options: LoginOptions,
): Promise<{ readonly origin: string; readonly file: string }> {
  const given = options.url === undefined ? await channelOf(name, options.config) : { url: options.url }
  const origin = originOf(given.url)
  if (origin === undefined) {
    throw new Refusal(`${given.url} is no address of a server; write one such as https://social.example.org`, 2)
  }
  const folder = options.data ?? (await dataFolder(options.config))
  const file = given.tokenFile ?? join(folder, `fediverse-${encodeURIComponent(name)}.token`)
  return { origin, file: resolve(file) }
}

interface Given {
  readonly url: string
  readonly tokenFile?: string
}

async function channelOf(name: string, file: string | undefined): Promise<Given> {
  const read = await loadFor(file, 'may-be-missing')
  if (read.config === undefined) {
    throw new Refusal(`the configuration ${read.file} has mistakes:\n${explain(read.issues).join('\n')}`)
  }
  const fediverse = read.config.channels.filter(({ kind }) => kind === 'fediverse')
  const channel = fediverse.find((one) => one.name === name)
  // As its schema returned them.
  if (channel !== undefined) return channel.options as Given
  const there = fediverse.length === 0 ? 'there is none' : `there are ${fediverse.map((one) => one.name).join(', ')}`
  throw new Refusal(
    `${read.file} has no channel ${name} of kind fediverse (${there}); write it first with tokenFile, or name the server: --url https://…`,
  )
}

/** Before anybody was asked for anything. */
async function checkFolder(file: string): Promise<void> {
  const folder = dirname(file)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await access(folder, constants.W_OK)
  } catch (error) {
    throw new Refusal(`the token cannot be kept in ${folder}: ${detailOf(error)}`, 1, { cause: error })
  }
}
