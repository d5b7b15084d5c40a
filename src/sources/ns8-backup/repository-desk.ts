// stub
import type { SourceTools } from '../../source.ts'
import type { JsonObject } from '../../words.ts'
export function createRepositoryDesk(_o: unknown, _t: SourceTools) {
  return { async answer(_key: string, _body: JsonObject): Promise<void> {} }
}
