import type { Catalog } from '@/lib/catalog'
import type { RawTx } from '@/lib/db/direct'
import { type License, type LicenseEnd, noteFetched, produceLicense } from '@/lib/licenses'
import { type Answer, ResultCode } from '@/lib/marketplace'
import { licenseAnswer } from './activities/get-license'
import { type Done, finishCall, type Work } from './execute'
import type { StoredAnswer } from './types'

/** Gets the licence a call waits for and, inside the transaction that ends that, gives the call its final answer. */
export async function finishLicense(
  work: Work,
  done: Done,
  config: Catalog,
  deadline: number,
): Promise<StoredAnswer | null> {
  let final: StoredAnswer | null = null
  await produceLicense(done.decision.awaits as string, {
    deadline,
    actor: work.actor,
    async alongside(tx, end) {
      const answer = finalAnswer(end)
      // Past the deadline "in progress" was sent already, and that is what the record must say.
      if (!answer || Date.now() > deadline - 20) return
      const { sentAt, actor } = work
      const origin = { callId: work.callId, actor }
      if (answer.code === ResultCode.success && !actor)
        await noteFetched(end.license, { tx, catalog: config, receivedAt: new Date(), sentAt, origin })
      const stored = work.write(answer, config, end.license.productRef)
      await finishCall(tx, work, done, answer, stored)
      done.decision.answer = answer
      done.outcome = answer.code === ResultCode.success ? 'succeeded' : 'failed'
      final = stored
    },
  })
  return final
}

function finalAnswer({ outcome, license, code, error }: LicenseEnd): Answer | null {
  if (outcome === 'issued') return licenseAnswer(license)
  if (outcome !== 'refused') return null
  return {
    code: code ?? ResultCode.serviceError,
    message: error ?? undefined,
    instanceId: license.instanceId ?? undefined,
  }
}

/** An uploaded licence closes the application that was answered "in progress". */
export async function settleApplication(tx: RawTx, license: License): Promise<void> {
  if (!license.callId) return
  await tx.$executeRaw`
    UPDATE messages SET state = 'succeeded', outcome = 'succeeded', closed_at = now(), retry_until = NULL
    WHERE id = (SELECT message_id FROM calls WHERE id = ${license.callId}::uuid)
      AND state = 'open' AND outcome = 'processing'`
}
