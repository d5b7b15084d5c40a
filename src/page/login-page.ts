// What a browser without a valid cookie sees.
import { frame } from './frame.ts'
import { html, Html } from './html.ts'

/**
 * `again`: the reader followed a link from another site, for which browsers hold the cookie back; a page of our own that
 * loads itself again gets it.
 */
export function loginPage(error: string, again: boolean): string {
  if (again) return frame('Sereno', new Html('<meta http-equiv="refresh" content="0"><p class="soft">One moment …</p>'))
  return frame(
    'Sereno: token needed',
    html`<h1>Who is there?</h1>
      <form method="get">
        <label for="token">The hub's token, from the file <code>token</code> in its data folder</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus />
        <button>Open</button>
      </form>
      <p class="soft">${error}</p>`,
  )
}
