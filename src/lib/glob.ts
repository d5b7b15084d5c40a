// Patterns of names: `*` stands for any characters, everything else for itself.

export function globMatches(pattern: string, text: string): boolean {
  if (pattern === '*') return true
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === text
  if (!text.startsWith(pattern.slice(0, star))) return false
  const pieces = pattern.slice(star + 1).split('*')
  const last = pieces.pop() ?? ''
  let at = star
  for (const piece of pieces) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return text.length - at >= last.length && text.endsWith(last)
}
