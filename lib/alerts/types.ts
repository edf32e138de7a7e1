export const alertKinds = [
  'message-window',
  'failed-orders',
  'probe-failed',
  'delivery-stuck',
  'usage-late',
  'pool-low',
] as const
export type AlertKind = (typeof alertKinds)[number]

/** What an alert is about. Texts are as the desk has them: no secrets, no contact data of a buyer. */
export type AlertFacts = {
  productName?: string | null
  activity?: string | null
  messageId?: string | null
  orderId?: string | null
  instanceId?: string | null
  /** first line of the cause */
  cause?: string | null
  /** how many of how many, or how many are left */
  count?: number
  limit?: number
  /** ISO 8601 UTC: when the window closes, since when it waits */
  until?: string | null
  since?: string | null
  /** the page below DESK_URL */
  path: string
  /** how it ended: mended, or the window is over without success */
  end?: 'recovered' | 'lapsed'
}

/** Something that is the case now; `subject` tells it from others of its kind. */
export type Condition = { kind: AlertKind; subject: string; facts: AlertFacts }
