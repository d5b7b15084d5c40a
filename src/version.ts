// The version that this checkout or bundle has.
import packageFile from '../package.json' with { type: 'json' }

export const version: string = packageFile.version
