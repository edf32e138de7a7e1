import { type ChangeInstanceCheck, ResultCode } from '@/lib/marketplace'
import { type Activity, done, releasedAnswer, withInstance } from './scene'

/** Before a renewal with another specification: may this instance take it? (zh-cn_topic_0000002411753620) */
export const changeInstanceCheck: Activity<ChangeInstanceCheck> = {
  businessKey: (command) => command.instanceId,
  touches: ({ instanceId }) => ({ instanceIds: [instanceId] }),
  decide: (command, scene) =>
    withInstance(scene, command, ({ state }) => {
      if (state.state === 'released') return { answer: releasedAnswer(state) }
      if (state.deliveryState === 'delivered') return { answer: done }
      const message = `instance ${state.instanceId} is still being opened`
      return { answer: { code: ResultCode.processing, message } }
    }),
}
