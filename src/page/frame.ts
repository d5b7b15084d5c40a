// What all pages share: head, style, foot. No script and nothing from elsewhere; light and dark as the reader has it.
import { hash } from 'node:crypto'
import { version } from '../version.ts'
import { html, Html } from './html.ts'

export function frame(title: string, content: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        ${styleElement}
      </head>
      <body>
        <header>
          <a class="home" href="/">Sereno</a>
          <nav><a href="/">Events</a> <a href="/hosts">Hosts</a></nav>
        </header>
        <main>${content}</main>
        <footer>Sereno ${version}</footer>
      </body>
    </html> `.text
}

const style = `
:root {
  --back: #f6f6f4; --card: #fff; --text: #1d2129; --soft: #5b6370; --line: #dcdfe4; --link: #0b57a4;
  --info: #4a6a8a; --warning: #8a5a00; --error: #b3261e; --critical: #8c1d6b; --good: #1f6f3d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14171c; --card: #1c2027; --text: #e6e8ec; --soft: #9aa3b0; --line: #323843; --link: #7db8ff;
    --info: #8fb2d6; --warning: #e5b04b; --error: #ff8a80; --critical: #f48fd0; --good: #7bcf97;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.45 system-ui, sans-serif }
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 0 1rem }
header { padding-top: 1rem; padding-bottom: .6rem; display: flex; gap: 1.5rem; align-items: baseline }
header nav a, .spans > * { margin-right: .8rem }
header nav a { color: var(--soft) }
footer { padding-top: 1rem; padding-bottom: 2rem; color: var(--soft); font-size: .85rem }
h1 { font-size: 1.4rem; margin: .6rem 0 1rem; overflow-wrap: anywhere }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .5rem }
a { color: var(--link) }
.home { color: var(--soft); text-decoration: none; font-weight: 600; letter-spacing: .02em }
.soft, time { color: var(--soft) }
.alarm { border: 1px solid var(--error); color: var(--error); border-radius: 8px; padding: .6rem .9rem }
.alarm p { margin: .2rem 0 }
ol.events { list-style: none; margin: 0; padding: 0 }
ol.events > li { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--soft);
  border-radius: 8px; margin: 0 0 .6rem; padding: .6rem .9rem }
ol.events > li.info { border-left-color: var(--info) }
ol.events > li.warning { border-left-color: var(--warning) }
ol.events > li.error { border-left-color: var(--error) }
ol.events > li.critical { border-left-color: var(--critical) }
.title { font-weight: 600; overflow-wrap: anywhere }
.title a { color: inherit; text-decoration: none }
.title a:hover { text-decoration: underline }
.meta a { color: inherit }
.meta { font-size: .85rem; color: var(--soft); overflow-wrap: anywhere; margin: .1rem 0 }
.words { margin: .3rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
.severity { font-weight: 600 }
.severity.warning { color: var(--warning) } .severity.error { color: var(--error) }
.severity.critical { color: var(--critical) }
ul.verdicts { list-style: none; margin: .35rem 0 0; padding: 0; font-size: .9rem }
ul.verdicts li { overflow-wrap: anywhere; margin: .1rem 0 }
.state { font-weight: 600 }
.state.delivered { color: var(--good) } .state.dead, .state.expired { color: var(--error) }
.state.merged, .state.suppressed { color: var(--soft) }
.state.queued, .state.held, .state.unknown { color: var(--warning) }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem; overflow-x: auto;
  font: .85rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: fit-content(40%) 1fr; gap: .25rem 1rem; margin: 0; background: var(--card);
  border: 1px solid var(--line); border-radius: 8px; padding: .8rem }
dt { color: var(--soft); overflow-wrap: anywhere } dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; background: var(--card); border: 1px solid var(--line); border-radius: 8px }
td, th { padding: .45rem .7rem; text-align: left; vertical-align: middle; border-top: 1px solid var(--line) }
thead th { border-top: 0; color: var(--soft); font-weight: 400; font-size: .85rem; white-space: nowrap }
tbody th { font-weight: 600; overflow-wrap: anywhere }
.hosts time { display: block; font-weight: 400; font-size: .8rem }
.hosts td, .hosts th { padding: .45rem .5rem }
.hosts td { white-space: nowrap } .hosts td:nth-child(2) { white-space: normal }
.hosts tbody th { min-width: 12rem } .hosts td:nth-child(2) { min-width: 7rem }
.figure { display: inline-block; min-width: 2.8em }
.spark { vertical-align: middle }
.spark path { fill: none; stroke: var(--link); stroke-width: 1.4; stroke-linejoin: round; stroke-linecap: round }
.spans { margin: 1rem 0 .6rem }
.spans [aria-current] { font-weight: 600 }
.graphs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr)); gap: .8rem }
.graph { width: 100%; height: auto; border: 1px solid var(--line); border-radius: 8px }
.graph .back { fill: var(--card) } .graph .text { fill: var(--text) } .graph .soft { fill: var(--soft) }
.graph .grid { stroke: var(--line) } .graph .line { stroke: var(--link) } .graph .dot { fill: var(--link) }
.graph polygon.band { fill: var(--link) } .graph line.band { stroke: var(--link) } .graph .gap { fill: var(--soft) }
.graph .limit { stroke: var(--error) } .graph .limit-text { fill: var(--error) }
.series th { font-weight: 400 } .series td { text-align: right; white-space: nowrap }
@media (max-width: 50rem) {
  .hosts, .hosts tbody { display: block } .hosts thead { display: none }
  .hosts tr { display: grid; grid-template-columns: 1fr 1fr; padding: .5rem .2rem; border-top: 1px solid var(--line) }
  .hosts tr:first-child { border-top: 0 }
  .hosts td, .hosts th { border: 0; padding: .2rem .6rem; white-space: normal }
  .hosts td[data-about]::before { content: attr(data-about); display: block; color: var(--soft); font-size: .8rem }
  .hosts .none { display: none }
}
label { display: block; margin: 1rem 0 .3rem }
input, button { font: inherit; padding: .5rem .7rem; border-radius: 8px; border: 1px solid var(--line);
  background: var(--card); color: inherit; max-width: 100% }
button { cursor: pointer }
`

const styleElement = new Html(`<style>${style}</style>`)

/** For the Content-Security-Policy: this style and no other. */
export const styleSource = `'sha256-${hash('sha256', style, 'base64')}'`
