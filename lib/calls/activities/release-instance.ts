import { release } from '@/lib/instances'
import { releaseLicensesOf } from '@/lib/licenses'
import type { ReleaseInstance } from '@/lib/marketplace'
import { type Activity, announce, done, productOf, withInstance } from './scene'

/** The end of an instance. Asked again it is a success: only 000000 stops the marketplace's retries. */
export const releaseInstance: Activity<ReleaseInstance> = {
  businessKey: (command) => command.instanceId,
  touches: ({ instanceId }) => ({ instanceIds: [instanceId], dedupeKeys: ['released'] }),
  async decide(command, scene) {
    const decision = withInstance(scene, command, (change) => {
      const event = release(change.state, scene.sentAt)
      if (scene.book.record(change, event, scene.origin)) announce(scene, change, 'instance.released')
      return { answer: done }
    })
    const state = scene.book.find(command.instanceId)?.state
    if (state?.releasedAt && productOf(scene, state)?.kind === 'license-online')
      await releaseLicensesOf(state.instanceId, state.releasedAt, scene)
    return decision
  },
}
