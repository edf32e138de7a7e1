'use client'

import {
  Ban,
  CheckCheck,
  CircleCheck,
  CircleDashed,
  CirclePause,
  CircleX,
  type LucideIcon,
  PackageX,
  RadioTower,
  RotateCcw,
  Snowflake,
  TestTubeDiagonal,
} from 'lucide-react'
import { useTranslations } from 'use-intl'
import type { DeliveryState, InstanceState, MessageState, Outcome, Source } from './types'
import type { Tone } from './ui/badge'

export const resultCodes = [
  ...['000000', '000001', '000002', '000003', '000004', '000005'],
  ...['000100', '000101', '000102', '000103', '000104', '000105', '000106', '000107'],
  ...['000900', '000901', '000902', '000903'],
]

export const activities = [
  'newInstance',
  'queryInstance',
  'refreshInstance',
  'expireInstance',
  'updateInstanceStatus',
  'instanceStatus',
  'releaseInstance',
  'upgradeInstance',
  'upgrade',
  'changeInstanceCheck',
  'orderNotify',
  ...['getLicense', 'refreshLicense', 'expireLicense', 'releaseLicense'],
  ...['refreshLicenseCode', 'updateLicenseCodeStatus', 'releaseLicenseCode', 'getLicenseAsync'],
  'tenantSync',
  'applicationSync',
  'authSync',
  'singleOrgSync',
  'allOrgSync',
]

type Look = { tone: Tone; icon: LucideIcon }

export const messageLook: Record<MessageState, Look> = {
  open: { tone: 'bad', icon: CircleX },
  succeeded: { tone: 'ok', icon: CircleCheck },
  resolved: { tone: 'idle', icon: CheckCheck },
}
export const outcomeLook: Record<Outcome, Look> = {
  succeeded: { tone: 'ok', icon: CircleCheck },
  processing: { tone: 'info', icon: CircleDashed },
  failed: { tone: 'bad', icon: CircleX },
  rejected: { tone: 'warn', icon: Ban },
}
export const instanceLook: Record<InstanceState, Look> = {
  pending: { tone: 'info', icon: CircleDashed },
  active: { tone: 'ok', icon: CircleCheck },
  frozen: { tone: 'warn', icon: Snowflake },
  released: { tone: 'idle', icon: PackageX },
}
export const deliveryLook: Record<DeliveryState, Look> = {
  waiting: { tone: 'warn', icon: CirclePause },
  delivered: { tone: 'ok', icon: CircleCheck },
  refused: { tone: 'bad', icon: CircleX },
}
export const sourceLook: Record<Source, LucideIcon> = {
  marketplace: RadioTower,
  replay: RotateCcw,
  rehearsal: TestTubeDiagonal,
}

/** The words for values of the API; a value we have no word for stands as it is. */
export function useWords() {
  const t = useTranslations('words')
  const say = (group: string, value: string | null | undefined): string => {
    if (!value) return '–'
    // Dots would part the key.
    const key = `${group}.${value.replaceAll('.', '_')}` as Parameters<typeof t>[0]
    return t.has(key) ? t(key) : value
  }
  return {
    activity: (name: string) => say('activity', name),
    code: (code: string | null) => say('code', code),
    outcome: (outcome: Outcome) => say('outcome', outcome),
    messageState: (state: MessageState) => say('messageState', state),
    instanceState: (state: InstanceState) => say('instanceState', state),
    deliveryState: (state: DeliveryState) => say('deliveryState', state),
    deliveryType: (type: string | null) => say('deliveryType', type),
    source: (source: Source) => say('source', source),
    protocol: (protocol: string) => say('protocol', protocol),
    productKind: (kind: string) => say('productKind', kind),
    credentialKind: (kind: string) => say('credentialKind', kind),
    role: (role: string) => say('role', role),
    event: (type: string) => say('event', type),
    action: (action: string) => say('action', action),
    subject: (subject: string) => say('subject', subject),
    signatureReason: (reason: string) => say('signatureReason', reason),
    quantity: (name: string) => say('quantity', name),
    skipReason: (reason: string) => say('skipReason', reason),
  }
}
