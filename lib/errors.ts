/** What can go wrong on purpose; each code has one HTTP status (lib/http) and its message may be shown to the caller. */
export type DeskErrorCode =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'rate-limited'
  | 'too-large'
  | 'unavailable'

export class DeskError extends Error {
  readonly code: DeskErrorCode
  /** the input member at fault */
  readonly field?: string
  /** facts for the caller, without secrets */
  readonly details?: Record<string, unknown>

  constructor(code: DeskErrorCode, message: string, more: { field?: string; details?: Record<string, unknown> } = {}) {
    super(message)
    this.name = 'DeskError'
    this.code = code
    this.field = more.field
    this.details = more.details
  }
}

/** A remote call that failed is a value, never an exception. */
export type Result<T, E> = { ok: true; value: T } | { ok: false; error: E }
