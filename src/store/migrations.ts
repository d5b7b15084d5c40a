// The schema's history: the n-th entry leads from version n to n + 1; never edited once released.
import first from './migrations/0001-first.ts'
import facts from './migrations/0002-facts.ts'
import history from './migrations/0003-history.ts'
import follows from './migrations/0004-follows.ts'

export const migrations: readonly string[] = [first, facts, history, follows]
