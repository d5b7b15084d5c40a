// What Sereno says of itself, and what the watchman answers.
import type { EventType } from '../../event-type.ts'
import answers from './answer.ts'
import hub from './hub.ts'

export default [...hub, ...answers] satisfies EventType[]
