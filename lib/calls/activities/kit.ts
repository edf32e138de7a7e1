import { createHash } from 'node:crypto'
import { noteUsed } from '@/lib/credentials'
import {
  type AllOrgSync,
  type ApplicationSync,
  type AuthSync,
  type KitCommand,
  openClientSecret,
  ResultCode,
  type SingleOrgSync,
  type TenantSync,
} from '@/lib/marketplace'
import { syncTenant, type TenantCommand } from '@/lib/tenants'
import { type Activity, type Decision, done, type Scene } from './scene'

/** An enterprise is bound to an instance, changed, or unbound. */
export const tenantSync: Activity<TenantSync> = {
  businessKey: (command) => join(command.tenantId, command.instanceId),
  touches,
  decide: apply,
}

/** An enterprise's application with its OAuth client. */
export const applicationSync: Activity<ApplicationSync> = {
  businessKey: (command) => join(command.tenantId, command.instanceId, command.appId),
  touches,
  decide(command, scene) {
    const { clientSecret, ...plain } = command
    if (clientSecret === null) return apply({ ...plain, clientSecret, keyName: null }, scene)
    const keys = scene.catalog.active('kit-private-key')
    const opened = openClientSecret(
      clientSecret,
      keys.map(({ name, secret }) => ({ name, pem: secret })),
    )
    if (opened.ok) {
      noteUsed(keys.find(({ name }) => name === opened.keyName)?.id as string)
      return apply({ ...plain, clientSecret: opened.secret, keyName: opened.keyName }, scene)
    }
    // A debug case may send any text (zh-cn_topic_0082027567).
    if (command.test) return apply({ ...plain, clientSecret: null, keyName: null }, scene)
    return { answer: cannotOpen(opened.tried), ...about(command, scene) }
  },
}

function cannotOpen(tried: string[]): Decision['answer'] {
  if (tried.length === 0) {
    return { code: ResultCode.internalError, message: 'clientSecret: no private key is set up here to open it with' }
  }
  const message = `clientSecret: none of our private keys opens it; tried: ${tried.join(', ')}`
  return { code: ResultCode.invalidParameter, message }
}

/** Users are authorised for an application, changed, revoked or deleted. */
export const authSync: Activity<AuthSync> = {
  businessKey: (command) => join(command.tenantId, command.appId, usersOf(command)),
  touches,
  decide: apply,
}

function usersOf({ change, users }: AuthSync): string {
  const names = users.map(({ userName }) => userName).sort()
  return createHash('sha256')
    .update(JSON.stringify([change, names]))
    .digest('hex')
    .slice(0, 32)
}

/** One department is added, changed or deleted. */
export const singleOrgSync: Activity<SingleOrgSync> = {
  businessKey: (command) => join(command.tenantId, command.orgCode),
  touches,
  decide: apply,
}

/** All departments of an enterprise. */
export const allOrgSync: Activity<AllOrgSync> = {
  businessKey: (command) => command.tenantId,
  touches,
  decide: apply,
}

// The instance is only looked at, for its product: a delete must succeed without one.
function touches({ instanceId }: KitCommand) {
  return instanceId ? { instanceIds: [instanceId], readOnly: true } : {}
}

async function apply(command: TenantCommand, scene: Scene): Promise<Decision> {
  const { callId, actor } = scene.origin
  const at = command.changedAt && command.changedAt < scene.sentAt ? command.changedAt : scene.sentAt
  const { changes } = await syncTenant(scene.tx, command, { at, now: scene.receivedAt, callId, actor })
  return { answer: done, ...about(command, scene), changes }
}

/** The enterprise is the customer its calls are found by. */
function about({ tenantId, instanceId }: { tenantId: string; instanceId: string | null }, scene: Scene) {
  const productRef = instanceId ? (scene.book.find(instanceId)?.state.productRef ?? null) : null
  return { instanceId, customerId: tenantId, productRef }
}

function join(...parts: (string | null)[]): string {
  return parts.map((part) => part ?? '').join(':')
}
