import { release } from '@/lib/instances'
import type { ReleaseInstance } from '@/lib/marketplace'
import { type Activity, announce, done, withInstance } from './scene'

/** The end of an instance. Asked again it is a success: only 000000 stops the marketplace's retries. */
export const releaseInstance: Activity<ReleaseInstance> = {
  businessKey: (command) => command.instanceId,
  touches: ({ instanceId }) => ({ instanceIds: [instanceId], dedupeKeys: ['released'] }),
  decide: (command, scene) =>
    withInstance(scene, command, (change) => {
      const event = release(change.state, scene.sentAt)
      if (scene.book.record(change, event, scene.origin)) announce(scene, change, 'instance.released')
      return { answer: done }
    }),
}
