import { changeStatus as changeOfStatus } from '@/lib/instances'
import type { ChangeStatus, ExpireInstance } from '@/lib/marketplace'
import { type Activity, announce, done, type Scene, withInstance } from './scene'

/** Freezes or unfreezes: V2's updateInstanceStatus and V1's instanceStatus. */
export const changeStatus: Activity<ChangeStatus> = {
  businessKey: (command) => `${command.instanceId}:${command.status}`,
  touches: ({ instanceId }, sentAt) => ({ instanceIds: [instanceId], dedupeKeys: statusKeys(sentAt) }),
  decide: (command, scene) => setStatus(command, scene, command.status, 'status'),
}

/** V1's expiry: the instance is frozen until a renewal lifts that. */
export const expireInstance: Activity<ExpireInstance> = {
  businessKey: (command) => command.instanceId,
  touches: ({ instanceId }, sentAt) => ({ instanceIds: [instanceId], dedupeKeys: statusKeys(sentAt) }),
  decide: (command, scene) => setStatus(command, scene, 'FREEZE', 'expired'),
}

function setStatus(
  command: { instanceId: string; test: boolean },
  scene: Scene,
  status: 'FREEZE' | 'UNFREEZE',
  cause: 'expired' | 'status',
) {
  return withInstance(scene, command, (change) => {
    const event = changeOfStatus(change.state, { status, cause, sentAt: scene.sentAt })
    const isNew = scene.book.record(change, event, scene.origin)
    if (isNew && event?.set.state)
      announce(scene, change, status === 'FREEZE' ? 'instance.frozen' : 'instance.unfrozen')
    return { answer: done }
  })
}

function statusKeys(sentAt: Date): string[] {
  return ['frozen', 'unfrozen', 'expired'].map((type) => `${type}:${sentAt.getTime()}`)
}
