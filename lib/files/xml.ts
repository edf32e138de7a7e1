/** A tag's name comes without its namespace prefix; `<a/>` is an open and a close. */
export type XmlEvent =
  | { type: 'open'; name: string; attributes: Record<string, string> }
  | { type: 'close'; name: string }
  | { type: 'text'; text: string }

/** XML that does not hold together, or has what a spreadsheet's parts never have. */
export class BadXml extends Error {}

const MAX_TOKEN = 4 * 1024 * 1024

/**
 * The tags and texts of an XML document in UTF-8, as its bytes come in. No entities but the five of XML and numbered
 * characters: a document type declaration, with which others are made, throws BadXml. Texts may come in several pieces.
 */
export async function* readXml(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<XmlEvent[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  let depth = 0
  for await (const chunk of chunks) {
    const { events, used, text } = tokens(rest + decode(decoder, chunk))
    rest = text.slice(used)
    if (rest.length > MAX_TOKEN) throw new BadXml('a tag or text is too long')
    for (const { type } of events) depth += type === 'open' ? 1 : type === 'close' ? -1 : 0
    yield events
  }
  if (depth !== 0 || rest.trim() !== '') throw new BadXml('the document ends early')
}

function decode(decoder: TextDecoder, chunk: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true })
  } catch {
    throw new BadXml('the document is not UTF-8')
  }
}

function tokens(text: string): { events: XmlEvent[]; used: number; text: string } {
  const events: XmlEvent[] = []
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('<', at)
    if (open < 0) break
    if (open > at) events.push({ type: 'text', text: unescapeXml(text.slice(at, open)) })
    at = open
    const end = endOfMarkup(text, open)
    if (end < 0) break
    const markup = text.slice(open, end)
    if (markup.startsWith('<![CDATA[')) events.push({ type: 'text', text: markup.slice(9, -3) })
    else if (markup.startsWith('<!') && !markup.startsWith('<!--')) throw new BadXml('a document type is declared')
    else if (markup.startsWith('</')) events.push({ type: 'close', name: localName(markup.slice(2, -1).trim()) })
    else if (!markup.startsWith('<!--') && !markup.startsWith('<?')) addTag(events, markup)
    at = end
  }
  return { events, used: at, text }
}

/** Where the markup at `open` ends, or -1 while its end has not come yet. */
function endOfMarkup(text: string, open: number): number {
  if (text.startsWith('<!', open) && text.length < open + 9) return -1
  const closing = text.startsWith('<!--', open) ? '-->' : text.startsWith('<![CDATA[', open) ? ']]>' : '>'
  const end = text.indexOf(closing, open)
  return end < 0 ? -1 : end + closing.length
}

const attribute = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g

function addTag(events: XmlEvent[], markup: string): void {
  const isEmpty = markup.endsWith('/>')
  const inner = markup.slice(1, isEmpty ? -2 : -1)
  const blank = inner.search(/\s/)
  const name = localName(blank < 0 ? inner : inner.slice(0, blank))
  const attributes: Record<string, string> = Object.create(null)
  if (blank >= 0) {
    for (const [, key = '', double, single] of inner.slice(blank).matchAll(attribute)) {
      attributes[localName(key)] = unescapeXml(double ?? single ?? '')
    }
  }
  events.push({ type: 'open', name, attributes })
  if (isEmpty) events.push({ type: 'close', name })
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));/g, (whole, decimal, hex, name) => {
    if (name) return named[name] ?? whole
    const code = decimal ? Number(decimal) : Number.parseInt(hex, 16)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ''
  })
}
