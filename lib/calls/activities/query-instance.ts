import { type QueryInstance, ResultCode } from '@/lib/marketplace'
import { usageInfoOf } from '@/lib/usage'
import { type Activity, appInfosOf } from './scene'

/** The access data of up to 100 instances; the marketplace asks until an instance is open, and for the buyer's page. */
export const queryInstance: Activity<QueryInstance> = {
  businessKey: (command) => command.instanceIds.join(','),
  touches: (command) => ({ instanceIds: command.instanceIds, readOnly: true }),
  async decide(command, scene) {
    const found = command.instanceIds.map((instanceId) => {
      const state = scene.book.find(instanceId)?.state ?? null
      return state?.test === command.test ? state : null
    })
    const states = found.filter((state) => state !== null)
    const single = states.length === 1 ? states[0] : undefined
    const about = { instanceId: single?.instanceId ?? command.instanceIds[0], productRef: single?.productRef }
    const unknown = command.instanceIds.filter((_, at) => found[at] === null)
    if (unknown.length > 0) {
      const named = unknown.slice(0, 3).join(', ') + (unknown.length > 3 ? ` and ${unknown.length - 3} more` : '')
      return {
        answer: { code: ResultCode.unknownInstance, message: `instanceId: no instance ${named} was opened here` },
        ...about,
      }
    }
    const open = states.filter((state) => state.deliveryState === 'delivered' || state.state === 'released')
    const appInfos = await appInfosOf(
      scene,
      open.filter((state) => state.state !== 'released').map((state) => state.instanceId),
    )
    const usageInfos = await usageInfoOf(scene.tx, open)
    const info = open.map(({ instanceId }) => ({
      instanceId,
      appInfo: appInfos.get(instanceId),
      usageInfo: usageInfos.get(instanceId),
    }))
    const waiting = states.find((state) => !open.includes(state))
    if (!waiting) return { answer: { code: ResultCode.success, info }, ...about }
    const refused = waiting.deliveryState === 'refused' && isCode(waiting.deliveryCode) ? waiting.deliveryCode : null
    const message = refused ? (waiting.deliveryError ?? undefined) : `instance ${waiting.instanceId} is being opened`
    return { answer: { code: refused ?? ResultCode.processing, message, info }, ...about }
  },
}

function isCode(code: string | null): code is ResultCode {
  return code !== null && (Object.values(ResultCode) as string[]).includes(code)
}
