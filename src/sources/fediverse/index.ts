// Hears what listed accounts say to an account of the fediverse, and has the watchman answer each once.
import type { SourceKind } from '../../source.ts'
import { createHearing } from './hearing.ts'
import { options, type Options } from './options.ts'
import { followStream } from './stream.ts'

export default {
  about: 'Hears what listed accounts ask an account of the fediverse; a channel of kind fediverse answers.',
  options,
  example: {
    url: 'https://social.example.org',
    tokenFile: '/etc/sereno/fediverse-token',
    accounts: ['@ann@example.org'],
    channel: 'fedi',
  },
  async start(options, tools) {
    const end = new AbortController()
    const own = { ...tools, signal: AbortSignal.any([tools.signal, end.signal]) }
    const hearing = createHearing(options, own)
    try {
      await Promise.all([hearing.run(), options.streaming === 'never' ? undefined : followStream(hearing.stream, own)])
    } finally {
      // Where one of the two failed, the other does not go on.
      end.abort()
    }
  },
} satisfies SourceKind<Options>
