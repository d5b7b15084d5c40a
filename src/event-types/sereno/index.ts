// What Sereno says of itself, and what the watchman answers.
import type { EventType } from '../../event-type.ts'
import answers from './answer.ts'
import hub from './hub.ts'
import schedules from './schedule.ts'

export default [...hub, ...answers, ...schedules] satisfies EventType[]
