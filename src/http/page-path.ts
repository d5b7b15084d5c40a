// Which paths are pages: known without loading them.

export const eventPath = /^\/events\/([^/]+)$/
export const hostPath = /^\/hosts(?:\/([^/]+))?$/

export function isPagePath(path: string): boolean {
  return path === '/' || eventPath.test(path) || hostPath.test(path)
}
