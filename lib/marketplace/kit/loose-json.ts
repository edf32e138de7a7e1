import { type JsonValue, readJson, toValue } from '../json'

const tokens = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{}[\]:,]|[^\s{}[\]:,"'][^{}[\]:,"']*/g
const literals = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?)$/

/**
 * Reads JSON, and the text the kit's own example prints as such: names and values without quotes or in single ones
 * (zh-cn_topic_0070649113). `undefined` for everything else.
 */
export function readLooseJson(text: string): JsonValue | undefined {
  const strict = readJson(text)
  if (strict.ok) return toValue(strict.value)
  const repaired = (text.match(tokens) ?? [])
    .map(quoted)
    .join('')
    .replace(/,(?=[}\]])/g, '')
  const loose = readJson(repaired)
  return loose.ok ? toValue(loose.value) : undefined
}

function quoted(token: string): string {
  const bare = token.trim()
  if (/^["{}[\]:,]/.test(bare) || literals.test(bare)) return bare
  if (bare.startsWith("'")) return JSON.stringify(bare.slice(1, -1).replace(/\\(.)/g, '$1'))
  return JSON.stringify(bare)
}
