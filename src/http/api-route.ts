// One route of the own API: described for OpenAPI, its parameters and its body checked before it runs.
import type { z } from 'zod'
import type { Answer, PictureAnswer } from './api-answers.ts'
import type { ApiDoor } from './api-door.ts'
import * as shapes from './api-shapes.ts'
import type { DescribedRoute } from './openapi.ts'

export interface Route extends DescribedRoute {
  /** `given`: path and query parameters and the body's fields, checked. A method, so that each route may name its own. */
  run(door: ApiDoor, given: never): Promise<Answer | PictureAnswer>
}

export const wrong = { about: 'A parameter is wrong.', shape: shapes.refusal }
export const missing = { about: 'There is none by that name.', shape: shapes.refusal }

/** None of our own bodies is larger. */
const mostBytes = 64 * 1024

type ReadBody = { readonly ok: true; readonly value: object } | { readonly ok: false; readonly error: string }

/** A JSON object that the schema accepts, or what is wrong with it. */
export async function readBody(request: Request, shape: z.ZodType): Promise<ReadBody> {
  const text = await readText(request)
  if (text === undefined) return { ok: false, error: `The body is larger than ${mostBytes} bytes.` }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, error: 'The body is no JSON; send an object such as {"text": "status"}.' }
  }
  const checked = shape.safeParse(value)
  if (checked.success) return { ok: true, value: checked.data as object }
  return { ok: false, error: inOneSentence(checked.error) }
}

async function readText(request: Request): Promise<string | undefined> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > mostBytes) return undefined
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

export function inOneSentence(error: z.ZodError): string {
  return error.issues
    .map((issue) =>
      issue.code === 'unrecognized_keys'
        ? `There is no parameter "${issue.keys.join('", "')}".`
        : `${issue.path.length === 0 ? 'The body' : `"${issue.path.join('.')}"`} ${issue.message}.`,
    )
    .join(' ')
}
