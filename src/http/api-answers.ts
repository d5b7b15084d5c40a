// What a route of the own API answers: a status and a body, refusals in one sentence.

export type Done = { readonly ok: true; readonly message: string } | Refused
export interface Refused {
  readonly ok: false
  /** One sentence. */
  readonly message: string
}

export interface Answer {
  readonly status: 200 | 404 | 409 | 422
  readonly body: object
}

/** Not JSON. */
export interface PictureAnswer {
  readonly status: 200
  readonly type: string
  readonly content: string | Uint8Array<ArrayBuffer>
}

export function doneOrConflict(result: Done): Answer {
  return result.ok ? ok({ message: result.message }) : conflict(result.message)
}

export function ok(body: object): Answer {
  return { status: 200, body }
}

export function notFound(error: string): Answer {
  return { status: 404, body: { error } }
}

export function conflict(error: string): Answer {
  return { status: 409, body: { error } }
}
