import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { appInfoSchema } from '@/lib/delivery'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { enqueue } from '@/lib/jobs'
import { appInfoProblem } from '@/lib/marketplace'
import { type Context, requireRole } from '@/lib/users/context'
import type { Alongside } from './deliver'
import type { InstanceState } from './state'
import { addEvent, changeOf, loadAppInfos, lockInstance, saveChanges } from './store'
import { correct, deliver } from './transitions'

const enterSchema = z.object({ instanceId: z.string().min(1).max(64), appInfo: appInfoSchema })

/**
 * Finishes a waiting delivery, or replaces the access data of an open instance, by hand or by the seller's software.
 * A password left out keeps the one that is stored. Operators and above; audited.
 */
export async function enterAppInfo({
  ctx,
  input,
  alongside,
}: {
  ctx: Context
  input: z.input<typeof enterSchema>
  alongside?: Alongside
}): Promise<void> {
  requireRole(ctx, 'operator')
  const { instanceId, appInfo } = parseInput(enterSchema, input)
  await prisma().$transaction(async (tx) => {
    const state = await lockInstance(tx, instanceId)
    if (!state) throw new DeskError('not-found', `No instance ${instanceId}.`)
    if (state.state === 'released')
      throw new DeskError('conflict', `Instance ${instanceId} was released; its access data can no longer change.`)
    const before = (await loadAppInfos(tx, [instanceId])).get(instanceId)
    const complete = { ...appInfo, password: appInfo.password ?? before?.password ?? undefined }
    const problem = appInfoProblem(complete, state.protocol === 'saas-v1' ? 'saas-v1' : 'saas-v2')
    if (problem) throw new DeskError('invalid', problem.message, { field: `appInfo.${problem.field}` })
    const now = new Date()
    const change = changeOf(state)
    const first = state.deliveryState !== 'delivered'
    const event = deliver(state, complete, now, first ? 'delivered' : `app-info:${newId()}`)
    addEvent(change, event, { callId: null, actor: ctx.actor.name })
    await saveChanges(tx, [change], now)
    await alongside?.(tx, [{ outcome: 'delivered', state: change.state }])
    const data = { frontEndUrl: complete.frontEndUrl, first, passwordChanged: Boolean(appInfo.password) }
    await recordAudit(tx, ctx, { action: 'instance.app-info', subject: 'instance', target: instanceId, data })
  })
}

type Correction = Partial<
  Pick<
    InstanceState,
    | 'productRef'
    | 'productId'
    | 'skuCode'
    | 'quantity'
    | 'customerId'
    | 'customerName'
    | 'chargingMode'
    | 'periodType'
    | 'periodNumber'
    | 'expiresAt'
    | 'trial'
  >
>

/**
 * Puts facts of an instance right, by what `facts` makes of it as it is now; nothing happens where they agree already.
 * Answers the members that changed. Operators and above; audited. Throws 'not-found', 'conflict' when it was released.
 */
export async function correctInstance({
  ctx,
  input: { instanceId, facts, reason },
}: {
  ctx: Context
  input: { instanceId: string; facts: (state: InstanceState) => Correction; reason: string }
}): Promise<string[]> {
  requireRole(ctx, 'operator')
  return prisma().$transaction(async (tx) => {
    const state = await lockInstance(tx, instanceId)
    if (!state) throw new DeskError('not-found', `No instance ${instanceId}.`)
    if (state.state === 'released') throw new DeskError('conflict', `Instance ${instanceId} was released.`)
    const at = new Date()
    const event = correct(state, facts(state), { dedupeKey: `staff:${newId()}`, reason, at })
    if (!event) return []
    const change = changeOf(state)
    addEvent(change, event, { callId: null, actor: ctx.actor.name })
    await saveChanges(tx, [change], at)
    const fields = Object.keys(event.set)
    await recordAudit(tx, ctx, {
      action: 'instance.correct',
      subject: 'instance',
      target: instanceId,
      data: { fields, reason },
    })
    return fields
  })
}

/** Starts the delivery of a waiting instance again, in the background. Operators and above; audited. */
export async function requestDelivery({ ctx, input }: { ctx: Context; input: { instanceId: string } }): Promise<void> {
  requireRole(ctx, 'operator')
  const { instanceId } = input
  await prisma().$transaction(async (tx) => {
    const state = await lockInstance(tx, instanceId)
    if (!state) throw new DeskError('not-found', `No instance ${instanceId}.`)
    if (state.deliveryState === 'delivered')
      throw new DeskError('conflict', `Instance ${instanceId} was delivered on ${state.deliveredAt?.toISOString()}.`)
    if (state.state === 'released') throw new DeskError('conflict', `Instance ${instanceId} was released.`)
    await enqueue(tx, 'deliver-instance', { instanceId })
    await recordAudit(tx, ctx, { action: 'instance.deliver', subject: 'instance', target: instanceId })
  })
}

/** The access data with its password. Administrators only; audited. */
export async function revealAppInfo({ ctx, input }: { ctx: Context; input: { instanceId: string } }) {
  requireRole(ctx, 'admin')
  return prisma().$transaction(async (tx) => {
    const appInfo = (await loadAppInfos(tx, [input.instanceId])).get(input.instanceId)
    if (!appInfo) throw new DeskError('not-found', `Instance ${input.instanceId} has no access data.`)
    await recordAudit(tx, ctx, { action: 'instance.reveal', subject: 'instance', target: input.instanceId })
    return appInfo
  })
}
