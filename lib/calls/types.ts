export const protocols = ['saas-v1', 'saas-v2', 'kit-v1', 'kit-v2', 'license'] as const
export type Protocol = (typeof protocols)[number]

export const callSources = ['marketplace', 'replay', 'rehearsal'] as const
export type CallSource = (typeof callSources)[number]

/** `received`: recorded, its answer is still being worked on (or the desk died over it). */
export const callOutcomes = ['received', 'succeeded', 'processing', 'failed', 'rejected'] as const
export type CallOutcome = (typeof callOutcomes)[number]

export const messageStates = ['open', 'succeeded', 'resolved'] as const

/** A request as it came, texts undecoded. */
export type StoredRequest = {
  method: string
  path: string
  query: string
  headers: Record<string, string>
  body: string
}

export type StoredAnswer = { status: number; headers: Record<string, string>; body: string }

/** What staff see of a signature check; the key in `signedText` is masked. */
export type SignatureCheck = {
  ok: boolean
  credentialId: string | null
  credentialName: string | null
  variant: string | null
  received: string | null
  computed: string | null
  signedText: string | null
  /** why it failed: a word of the table in the messages */
  reason: string | null
  skewMs: number | null
}

/** The sealed part of a call. */
export type CallPayload = { request: StoredRequest; answer: StoredAnswer | null; signature: SignatureCheck | null }
