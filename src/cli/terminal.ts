// What a command may do to the terminal, and how it gives up.

export interface Terminal {
  /** One or more lines of result, without the last line feed. */
  out(text: string): void
  /** Anything that is not the result. */
  error(text: string): void
}

/** 0: well; 1: something was found, or refused; 2: the command was used wrongly. `report run` ends as its command does. */
export type ExitCode = number

/** Ends a command with one sentence that says what is wrong, where, and what to do. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly exitCode: ExitCode

  constructor(sentence: string, exitCode: ExitCode = 1, options?: ErrorOptions) {
    super(sentence, options)
    this.exitCode = exitCode
  }
}

/** What the operating system or a library says of a failure, as the middle of a sentence. */
export function detailOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return systemWords[(error as NodeJS.ErrnoException).code ?? ''] ?? error.message.replace(/\.$/, '')
}

const systemWords: { readonly [code: string]: string } = {
  ENOENT: 'it is not there',
  EACCES: 'this user may not open it',
  EPERM: 'this user may not do that',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of its path is no folder',
  EEXIST: 'it exists already',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  EHOSTUNREACH: 'it cannot be reached',
  ENETUNREACH: 'it cannot be reached',
  ETIMEDOUT: 'it did not answer',
}
