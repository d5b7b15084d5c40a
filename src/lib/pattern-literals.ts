// Finds texts of which every match of a pattern must contain one, so that most lines are refused without running it.

/**
 * Any match of `pattern` (RE2 syntax, already known to compile) contains at least one of the returned texts.
 * Undefined when nothing useful is certain: whatever this reading does not know well counts as "could be anything".
 */
export function requiredLiterals(pattern: string): readonly string[] | undefined {
  const reader: Reading = {
    characters: Array.from(pattern),
    at: 0,
    // Flags are scoped in truth; taking `i` for the whole pattern only makes us find less.
    ignoreCase: /\(\?[A-Za-z-]*i/.test(pattern),
    unsure: false,
  }
  const whole = readAlternatives(reader)
  if (reader.unsure || reader.at < reader.characters.length) return undefined
  return score(whole.need) < leastLength ? undefined : whole.need
}

/** A shorter text is found in nearly every line: asking for it costs more than it saves. */
const leastLength = 2
const mostAlternatives = 8

interface Reading {
  readonly characters: readonly string[]
  at: number
  readonly ignoreCase: boolean
  /** Set when something was met whose meaning we do not know. */
  unsure: boolean
}

interface Piece {
  /** All that the piece can match, when that is one text. */
  readonly exact?: string
  /** One of these is in whatever the piece matches. */
  readonly need?: readonly string[]
}

const anything: Piece = {}

function readAlternatives(reading: Reading): Piece {
  const first = readSequence(reading)
  if (peek(reading) !== '|') return first
  const needs = [first.need]
  while (peek(reading) === '|') {
    reading.at++
    needs.push(readSequence(reading).need)
  }
  const all = needs.flatMap((need) => need ?? [])
  return needs.includes(undefined) || all.length > mostAlternatives ? anything : { need: [...new Set(all)] }
}

function readSequence(reading: Reading): Piece {
  let run = ''
  let best: readonly string[] | undefined
  let whole = true
  const consider = (need: readonly string[] | undefined) => {
    if (score(need) > score(best)) best = need
  }
  while (reading.at < reading.characters.length && peek(reading) !== '|' && peek(reading) !== ')') {
    const piece = readAtom(reading)
    const least = readRepeat(reading)
    if (least === undefined && piece.exact !== undefined) {
      run += piece.exact
      continue
    }
    whole = false
    const repeated = piece.exact !== undefined && least !== undefined && least > 0 ? piece.exact : ''
    consider(textNeed(run + repeated))
    run = repeated
    if (least === undefined || least > 0) consider(piece.need)
  }
  consider(textNeed(run))
  return { ...(whole && { exact: run }), ...(best && { need: best }) }
}

function readAtom(reading: Reading): Piece {
  const character = reading.characters[reading.at++] ?? ''
  if (character === '(') return readGroup(reading)
  if (character === '[') return readClass(reading)
  if (character === '\\') return readEscape(reading)
  if (character === '.') return anything
  if (character === '^' || character === '$') return { exact: '' }
  return literal(reading, character)
}

/** The least number of times, or undefined when there is no repeat. */
function readRepeat(reading: Reading): number | undefined {
  const rest = reading.characters.slice(reading.at, reading.at + 12).join('')
  const found = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(rest)
  if (!found) return undefined
  reading.at += found[0].length
  if (found[1] !== undefined) return Number(found[1])
  return found[0].startsWith('+') ? 1 : 0
}

function readGroup(reading: Reading): Piece {
  const rest = reading.characters.slice(reading.at, reading.at + 300).join('')
  const opening = /^\?(?:P?<\w+>|[a-zA-Z-]*:)/.exec(rest)
  const flags = /^\?[a-zA-Z-]+\)/.exec(rest)
  if (!opening && flags) {
    reading.at += flags[0].length
    return { exact: '' }
  }
  if (!opening && rest.startsWith('?')) return giveUp(reading)
  reading.at += opening?.[0].length ?? 0
  const inner = readAlternatives(reading)
  if (peek(reading) !== ')') return giveUp(reading)
  reading.at++
  return inner
}

function readClass(reading: Reading): Piece {
  if (peek(reading) === '^') reading.at++
  if (peek(reading) === ']') reading.at++
  while (reading.at < reading.characters.length) {
    const character = reading.characters[reading.at++]
    if (character === ']') return anything
    if (character === '\\') reading.at++
    if (character === '[' && peek(reading) === ':') {
      const end = reading.characters.indexOf(']', reading.at)
      if (end === -1 || reading.characters[end - 1] !== ':') return giveUp(reading)
      reading.at = end + 1
    }
  }
  return giveUp(reading)
}

function readEscape(reading: Reading): Piece {
  const character = reading.characters[reading.at++] ?? ''
  if (/^[bBAz]$/.test(character)) return { exact: '' }
  if (/^[dDsSwWafnrv]$/.test(character)) return anything
  if (character === 't') return literal(reading, '\t')
  if (/^[pPx]$/.test(character)) return readBraced(reading, character === 'x' ? 2 : 1)
  if (/^[!-/:-@[-`{-~ ]$/.test(character)) return literal(reading, character)
  return giveUp(reading)
}

/** `\pL`, `\p{Greek}`, `\x41`, `\x{263a}` */
function readBraced(reading: Reading, width: number): Piece {
  if (peek(reading) !== '{') {
    reading.at += width
    return anything
  }
  const end = reading.characters.indexOf('}', reading.at)
  if (end === -1) return giveUp(reading)
  reading.at = end + 1
  return anything
}

function literal(reading: Reading, character: string): Piece {
  const code = character.codePointAt(0) ?? 0
  // Half a surrogate pair has no bytes of its own, and U+FFFD also stands for bytes that are no UTF-8.
  if ((code >= 0xd800 && code <= 0xdfff) || code === 0xfffd) return anything
  if (reading.ignoreCase && (code > 127 || /[a-z]/i.test(character))) return anything
  return { exact: character, need: [character] }
}

function giveUp(reading: Reading): Piece {
  reading.unsure = true
  reading.at = reading.characters.length
  return anything
}

function peek(reading: Reading): string | undefined {
  return reading.characters[reading.at]
}

function textNeed(text: string): readonly string[] | undefined {
  return text === '' ? undefined : [text]
}

/** The shortest of the texts decides how much a need refuses. */
function score(need: readonly string[] | undefined): number {
  return need ? Math.min(...need.map((text) => text.length)) : 0
}
