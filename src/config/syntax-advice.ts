// Puts a YAML parser's complaint into words that say what to do about it.

const advice: { readonly [code: string]: string } = {
  TAB_AS_INDENT: 'a tab indents this line; use spaces',
  BLOCK_AS_IMPLICIT_KEY:
    'a second key stands on one line, or the indentation is off; put text with ": " in quotes, and align keys that belong together',
  MULTILINE_IMPLICIT_KEY: 'this line has no key and a colon, or the indentation is off; write key: value',
  BAD_INDENT: 'the indentation is off, or a bracket is not closed before this line; align it with its neighbours',
  BAD_DQ_ESCAPE: 'a \\ in double quotes begins an escape that is not known; use single quotes, which leave it alone',
  BAD_SCALAR_START: 'a plain text cannot begin with this character; put it in quotes',
  TAG_RESOLVE_FAILED: 'tags with ! are not used here; put the text in quotes, or remove the tag',
}

/** `lineText` is the line the parser complained about. */
export function syntaxAdvice(code: string, message: string, lineText: string): string {
  if (/\$\{/.test(lineText) && /[{[,].*\$\{/.test(lineText))
    return 'a reference between { } or [ ] needs quotes; write "${env:NAME}"'
  if (/^\s*\w+=/.test(lineText)) return 'this is no YAML; write key: value'
  if (/call stack/.test(message)) return 'this is nested too deeply to be read; no option goes that deep'
  const known = advice[code]
  if (known !== undefined) return known
  if (code === 'MISSING_CHAR' && /quote/.test(message)) return 'a quote is opened and never closed; close it'
  return `this is no YAML (${lowerFirst(message)}); check the indentation, the brackets and the quotes`
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
