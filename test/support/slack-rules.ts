// What Slack refuses of a posted message, and in which words, as its documentation and its users tell.

/** Status and the one word of the body; undefined for what Slack takes. */
export function refusalOf(method: string, body: string): readonly [status: number, word: string] | undefined {
  if (method !== 'POST') return [405, 'method_not_allowed']
  const payload = readPayload(body)
  if (!payload) return [400, 'invalid_payload']
  const { text, blocks, attachments } = payload
  if (text !== undefined && typeof text !== 'string') return [400, 'invalid_payload']
  if (isEmpty(text) && isEmpty(blocks) && isEmpty(attachments)) return [400, 'no_text']
  if (Array.isArray(attachments) && attachments.length > 100) return [400, 'too_many_attachments']
  const place = refusedPlaces[String(payload['channel'])]
  if (place) return place
  if (blocks === undefined) return undefined
  if (!Array.isArray(blocks) || blocks.length > 50 || !blocks.every(isBlock)) return [400, 'invalid_blocks']
  return lengthOf(blocks) > 13_000 ? [400, 'msg_blocks_too_long'] : undefined
}

/** Channels by which a test asks for the refusals that depend on the workspace. */
const refusedPlaces: { readonly [channel: string]: readonly [number, string] } = {
  '#missing': [404, 'channel_not_found'],
  '#archived': [410, 'channel_is_archived'],
  '#prohibited': [403, 'action_prohibited'],
  '#general': [403, 'posting_to_general_channel_denied'],
  '@nobody': [400, 'user_not_found'],
}

type Fields = { readonly [name: string]: unknown }

/** JSON, or the same in the form field `payload`. */
function readPayload(body: string): Fields | undefined {
  const text = body.startsWith('payload=') ? (new URLSearchParams(body).get('payload') ?? '') : body
  try {
    const parsed: unknown = JSON.parse(text)
    return isFields(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

function isBlock(block: unknown): boolean {
  if (!isFields(block)) return false
  if (block['type'] === 'divider') return true
  if (block['type'] === 'section') return isText(block['text'], 3000)
  if (block['type'] !== 'context') return false
  const { elements } = block
  return (
    Array.isArray(elements) &&
    elements.length > 0 &&
    elements.length <= 10 &&
    elements.every((one) => isText(one, 3000))
  )
}

function isText(text: unknown, max: number): boolean {
  if (!isFields(text) || (text['type'] !== 'mrkdwn' && text['type'] !== 'plain_text')) return false
  const words = text['text']
  return typeof words === 'string' && words.trim() !== '' && words.length <= max
}

/** Of all texts, however deep. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce<number>((sum, inner) => sum + lengthOf(inner), 0)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
}
