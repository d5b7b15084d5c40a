// What people would read of the posts to a Slack double.
import type { SlackDouble } from './slack-double.ts'

/** The words of what people would see at a Slack double. */
export function saidIn(payload: unknown): string {
  return (payload as { readonly text?: string }).text ?? ''
}

/** What each post says under its title, without fields and notes. */
export function textsOf(slack: SlackDouble): string[] {
  return slack.posts.map(({ payload }) => {
    const [title = '', ...lines] = saidIn(payload).split('\n')
    return lines.find((line) => !/^[_•]/.test(line)) ?? title
  })
}
