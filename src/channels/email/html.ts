// The same mail as HTML: styles within the tags, nothing fetched from outside, and colours that bear a dark background.
import type { Severity } from '../../words.ts'
import type { Content, ContentField, ContentLink } from './content.ts'

/** `withPictures`: there is a place for them, see `addPictures`. */
export function toHtml(content: Content, withPictures = false): string {
  const { severity, title, fields, paragraphs, notes, links, footer, why } = content
  const colour = colours[severity]
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escape(title)}</title>`,
    '</head>',
    `<body style="${styles.body}">`,
    `<div style="${styles.frame}; border-left: 4px solid ${colour}">`,
    `<p style="${styles.head}"><span style="${styles.badge}; background-color: ${colour}">${severity.toUpperCase()}</span></p>`,
    `<h1 style="${styles.title}">${escape(title)}</h1>`,
    ...toTable(fields),
    ...paragraphs.map(toParagraph),
    ...notes.map((note) => `<p style="${styles.note}">${escape(note)}</p>`),
    ...links.map((link) => `<p style="${styles.text}">${toLink(link)}</p>`),
    ...(withPictures ? [pictureMark] : []),
    `<p style="${styles.footer}">${escape(footer)}${why === undefined ? '' : ` · ${toAnchor(why, 'why this was told')}`}</p>`,
    '</div>',
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

/** Where the pictures go once they are drawn; no text can be it, since all text is escaped. */
const pictureMark = '<!--pictures-->'

/** `cid` names the part of the mail that has the picture. */
export function addPictures(html: string, pictures: readonly { readonly cid: string; readonly alt: string }[]): string {
  const shown = pictures.map(
    ({ cid, alt }) =>
      `<p style="${styles.text}"><img src="cid:${escape(cid)}" alt="${escape(alt)}" style="${styles.picture}"></p>`,
  )
  return html.replace(`${pictureMark}\n`, () => shown.map((line) => `${line}\n`).join(''))
}

/** Each bears white letters (at least 4.5 to 1) and can be told from black. */
const colours: { readonly [severity in Severity]: string } = {
  info: '#1f6fb5',
  warning: '#a85800',
  error: '#c62f2f',
  critical: '#a3123c',
}

/** Text has no colour of its own but this grey, which can be read on white and on black: dark modes turn the rest as they like. */
const grey = '#767676'
const sans = "font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
const mono = "font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace"
const wrap = 'overflow-wrap: anywhere; word-break: break-word'
/** A veil over any background. */
const veil = 'background-color: rgba(127, 127, 127, 0.13); border-radius: 4px'

const styles = {
  body: `margin: 0; padding: 16px; ${sans}; font-size: 15px; line-height: 1.45`,
  frame: 'max-width: 800px; padding: 2px 0 2px 16px',
  head: 'margin: 0 0 6px',
  badge:
    'display: inline-block; padding: 2px 8px; border-radius: 4px; color: #ffffff; font-size: 12px; font-weight: 700; letter-spacing: 0.04em',
  title: `margin: 0 0 14px; font-size: 19px; line-height: 1.3; font-weight: 600; ${wrap}`,
  table: 'margin: 0 0 14px; border-collapse: collapse',
  name: `padding: 3px 16px 3px 0; color: ${grey}; text-align: left; vertical-align: top; font-weight: 400`,
  value: `padding: 3px 0; vertical-align: top; ${wrap}`,
  code: `padding: 1px 5px; ${mono}; font-size: 13px; ${veil}`,
  quiet: `color: ${grey}`,
  text: `margin: 0 0 12px; ${wrap}`,
  block: `margin: 0 0 14px; padding: 10px 12px; ${mono}; font-size: 13px; line-height: 1.4; white-space: pre-wrap; ${wrap}; ${veil}`,
  link: 'color: #2b7bbf',
  picture: 'display: block; width: 100%; max-width: 800px; height: auto; border-radius: 8px',
  note: `margin: 0 0 12px; font-style: italic; ${wrap}`,
  footer: `margin: 18px 0 0; color: ${grey}; font-size: 12px; ${wrap}`,
} as const

function toTable(fields: readonly ContentField[]): string[] {
  if (fields.length === 0) return []
  const rows = fields.map(({ name, value, code, note }) => {
    const shown = code ? `<code style="${styles.code}">${escape(value)}</code>` : escape(value)
    const behind = note === undefined ? '' : ` <span style="${styles.quiet}">(${escape(note)})</span>`
    return `<tr><th style="${styles.name}">${escape(name)}</th><td style="${styles.value}">${shown}${behind}</td></tr>`
  })
  return [`<table style="${styles.table}">`, ...rows, '</table>']
}

/** Text of several lines is a machine's more often than not, so its columns are kept. */
function toParagraph(text: string): string {
  if (text.includes('\n')) return `<pre style="${styles.block}">${escape(text)}</pre>`
  return `<p style="${styles.text}">${escape(text)}</p>`
}

function toLink({ text, url, href }: ContentLink): string {
  return href === undefined ? `${escape(text)}: ${escape(url)}` : toAnchor(href, text)
}

function toAnchor(href: string, text: string): string {
  return `<a href="${escape(href)}" style="${styles.link}">${escape(text)}</a>`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

const entities: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
