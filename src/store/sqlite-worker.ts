// The store's worker thread: owns one connection and answers one call at a time.
import { parentPort, workerData } from 'node:worker_threads'
import { callOn } from './call.ts'
import { SqliteFile } from './sqlite-file.ts'

export interface Call {
  readonly call: number
  readonly method: string
  readonly args: readonly unknown[]
}

export type Answer =
  | { readonly call: number; readonly ok: true; readonly value: unknown }
  | { readonly call: number; readonly ok: false; readonly message: string; readonly name: string }

const { path, readOnly } = workerData as { path: string; readOnly: boolean }
const file = new SqliteFile(path, { readOnly })
const port = parentPort
if (port === null) throw new Error('the store worker runs only as a worker thread')

port.on('message', ({ call, method, args }: Call) => {
  try {
    port.postMessage({ call, ok: true, value: callOn(file, method, args) } satisfies Answer)
  } catch (error) {
    const { message, name } = error instanceof Error ? error : new Error(String(error))
    port.postMessage({ call, ok: false, message, name } satisfies Answer)
  }
})
