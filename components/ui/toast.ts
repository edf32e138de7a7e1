import type { ExternalToast } from 'sonner'

type Said = { kind: 'success' | 'error'; text: string; options?: ExternalToast | undefined }

const waiting: Said[] = []
let listener: (() => void) | undefined

/** Calls `onSaid` whenever something is waiting to be shown. */
export function listen(onSaid: () => void): () => void {
  listener = onSaid
  return () => {
    listener = undefined
  }
}

export const hasWaiting = () => waiting.length > 0
export const takeWaiting = () => waiting.splice(0)

const say = (kind: Said['kind']) => (text: string, options?: ExternalToast) => {
  waiting.push({ kind, text, options })
  listener?.()
}

/** Says how an action went. What shows it is fetched with the first word. */
export const toast = { success: say('success'), error: say('error') }
