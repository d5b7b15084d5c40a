// Janitor's accounts as channels of kind fediverse. No secret is copied: the token stays in a file, which is named.
import { isMapping } from '../named.ts'
import type { Json, JsonObject } from '../../words.ts'

export interface Channels {
  readonly channels: JsonObject
  /** The one that Janitor posts to first. */
  readonly names: readonly string[]
}

const software = ['mastodon', 'pleroma', 'firefish']
const visibilities = ['public', 'unlisted', 'private', 'direct']
/** Those that a channel writes. */
const contentTypes = ['text/plain', 'text/markdown', 'text/html']

export function readChannels(accounts: JsonObject, note: (remark: string) => void): Channels {
  const channels: { [name: string]: Json } = {}
  for (const [name, account] of Object.entries(accounts)) {
    if (isMapping(account)) channels[name] = readAccount(name, account, note)
    else note(`mastodon.named_accounts.${name} holds no settings: left out.`)
  }
  const names = Object.keys(channels).toSorted((one, other) => Number(other === 'default') - Number(one === 'default'))
  return { channels, names }
}

function readAccount(name: string, account: JsonObject, note: (remark: string) => void): JsonObject {
  const where = `mastodon.named_accounts.${name}`
  const {
    api_base_url: url,
    instance_type: type = 'mastodon',
    credentials,
    status_params: given,
    status_post: old,
  } = account
  // Janitor reads status_params only, so that what stands in status_post never had an effect.
  if (old !== undefined && given === undefined)
    note(`${where}.status_post was never read by Janitor, which posted publicly; here it is what counts.`)
  const params = isMapping(given) ? given : isMapping(old) ? old : {}
  const channel: { [key: string]: Json } = {
    kind: 'fediverse',
    url: typeof url === 'string' ? url : 'https://mastodon.social',
  }
  if (typeof url !== 'string')
    note(`${where}.api_base_url is missing: mastodon.social is written, which is surely wrong.`)
  if (typeof type === 'string' && software.includes(type)) channel['software'] = type
  else note(`${where}.instance_type ${JSON.stringify(type)} is none: what runs there is found out by asking.`)
  channel['tokenFile'] = `${name}.token`
  const user = isMapping(credentials) ? credentials['user_file'] : undefined
  note(
    `${where}: its token is not copied. ${typeof user === 'string' ? `It is in ${user}, in a line of its own; write it` : 'Write one'} into ${name}.token beside the configuration, ` +
      `or run \`sereno channel login ${name}\`. E-mail and password are needed no more.`,
  )
  return { ...channel, ...readParams(where, params, note) }
}

function readParams(where: string, params: JsonObject, note: (remark: string) => void): JsonObject {
  const taken: { [key: string]: Json } = {}
  const { max_length: length, content_type: content, visibility = 'public', username_to_dm: mention } = params
  if (typeof length === 'number' && Number.isInteger(length) && length > 0) taken['maxLength'] = length
  if (typeof content === 'string' && contentTypes.includes(content)) taken['contentType'] = content
  else if (content !== undefined)
    note(`${where}: content_type ${JSON.stringify(content)} is not written here: left out.`)
  if (typeof visibility === 'string' && visibilities.includes(visibility)) taken['visibility'] = visibility
  else note(`${where}: visibility ${JSON.stringify(visibility)} is none: taken as unlisted.`)
  if (visibility === 'public') note(`${where}: posts stay public, names of hosts and all; unlisted or direct is wiser.`)
  const isMention = typeof mention === 'string' && mention.trim() !== ''
  if (isMention && (visibility === 'direct' || visibility === 'private')) taken['mention'] = mention.trim()
  if (visibility === 'direct' && !isMention)
    note(`${where}: a direct post without username_to_dm reaches nobody; give \`mention\`.`)
  return taken
}
