// What is told of guests, that is, of virtual machines and containers: their starts and stops, and their backups.
import type { EventType } from '../../event-type.ts'
import backups from './backup.ts'
import died from './died.ts'
import tasks from './task.ts'

export default [...tasks, ...died, ...backups] satisfies readonly EventType[]
