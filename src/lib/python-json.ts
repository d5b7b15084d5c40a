// What Python writes into JSON that is none: NaN, Infinity and -Infinity; read as null.

/** The text with those outside of strings replaced; any other text is left as it is. */
export function withoutNonNumbers(text: string): string {
  if (!text.includes('NaN') && !text.includes('Infinity')) return text
  const parts: string[] = []
  let from = 0
  let at = 0
  while (at < text.length) {
    const char = text[at]
    if (char === '"') at = endOfString(text, at)
    else {
      const word =
        char === 'N' || char === 'I' || char === '-' ? words.find((one) => text.startsWith(one, at)) : undefined
      if (word !== undefined) {
        parts.push(text.slice(from, at), 'null')
        from = at + word.length
      }
      at += word?.length ?? 1
    }
  }
  return parts.join('') + text.slice(from)
}

const words = ['NaN', 'Infinity', '-Infinity']

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '"') return at + 1
  }
  return text.length
}
