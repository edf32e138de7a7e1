/** Cuts to at most `limit` UTF-16 units without splitting a character; a cut text ends in `…`. */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text
  let end = Math.max(0, limit - 1)
  const last = text.charCodeAt(end - 1)
  if (last >= 0xd800 && last <= 0xdbff) end -= 1
  return `${text.slice(0, end)}…`
}

// Control, bidirectional and line-separating characters, and halves of surrogate pairs.
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu

/** Makes a foreign text safe to show on one line: control characters and their like become `\uXXXX`. */
export function escapeControls(text: string): string {
  return text.replace(unprintable, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** True for texts no id of the wire may hold: control characters, NUL, halves of surrogate pairs. */
export function hasControls(text: string): boolean {
  return /[\p{Cc}\p{Cs}]/u.test(text)
}
