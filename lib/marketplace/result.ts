/** A value or a reason; expected failures of the wire are values, never exceptions. */
export type Result<T, E> = { ok: true; value: T } | { ok: false; error: E }

export const success = <T>(value: T): { ok: true; value: T } => ({ ok: true, value })
export const failure = <E>(error: E): { ok: false; error: E } => ({ ok: false, error })
