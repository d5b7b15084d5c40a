// Why a file could not be read, in a few words.

export function readFailure(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return String(error)
  return plain[String(error.code)] ?? String(error.code)
}

const plain: { readonly [code: string]: string } = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
}
