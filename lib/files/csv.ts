import { isUtf8 } from 'node:buffer'
import { Readable } from 'node:stream'
import { CsvError, type Info, parse } from 'csv-parse'
import { type FileFault, fileFault } from './faults'
import type { TableRow } from './table'

const CHUNK = 64 * 1024
const MAX_RECORD = 1024 * 1024

/** Every record of a CSV file, blank ones too. Throws DeskError 'invalid' for what is no text or no CSV. */
export async function* csvRows(bytes: Uint8Array, { name }: { name: string }): AsyncGenerator<TableRow> {
  const text = utf8Of(bytes, name)
  const { delimiter, start } = delimiterOf(text)
  const parser = parse({
    delimiter,
    info: true,
    relax_column_count: true,
    skip_empty_lines: false,
    max_record_size: MAX_RECORD,
  })
  const source = Readable.from(slices(text.subarray(start)))
  source.pipe(parser)
  // A line before the table only says which delimiter it has.
  let line = start > 0 && text[start - 1] === NEWLINE ? 2 : 1
  const shift = line - 1
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      yield { line, cells: record }
      line = info.lines + 1 + shift
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const at = Number((error as { lines?: number }).lines ?? line) + shift
    throw fileFault(faultOf(error), { name, line: at, max: MAX_RECORD })
  } finally {
    source.destroy()
    parser.destroy()
  }
}

function faultOf({ code }: CsvError): FileFault {
  if (code === 'CSV_MAX_RECORD_SIZE') return 'rowTooLong'
  return code === 'CSV_QUOTE_NOT_CLOSED' ? 'openQuote' : 'strayQuote'
}

function* slices(text: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < text.length; at += CHUNK) yield text.subarray(at, at + CHUNK)
}

/** Spreadsheets save CSV as UTF-8, in Chinese Windows as GB18030, or as UTF-16 ("Unicode text"). */
function utf8Of(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return Buffer.from(decoded(bytes, 'utf-16le', name))
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return Buffer.from(decoded(bytes, 'utf-16be', name))
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  const text = marked ? bytes.subarray(3) : bytes
  const utf8 = isUtf8(text) ? text : Buffer.from(decoded(text, 'gb18030', name))
  if (utf8.includes(0)) throw fileFault('noTable', { name })
  return utf8
}

function decoded(bytes: Uint8Array, encoding: string, name: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw fileFault('noTable', { name })
  }
}

const NEWLINE = 0x0a

/** The delimiter that is most frequent in the first line with a text, and where the table begins. */
function delimiterOf(text: Uint8Array): { delimiter: string; start: number } {
  const head = Buffer.from(text.subarray(0, CHUNK)).toString('utf8')
  const said = /^sep=([,;\t|])(?:\r?\n|$)/i.exec(head)
  if (said?.[1]) return { delimiter: said[1], start: said[0].length }
  const line = /[^\r\n]+/.exec(head)?.[0].replace(/"[^"]*"/g, '') ?? ''
  const counts = [',', ';', '\t', '|'].map((delimiter) => ({ delimiter, count: line.split(delimiter).length }))
  const best = counts.reduce((most, one) => (one.count > most.count ? one : most))
  return { delimiter: best.delimiter, start: 0 }
}
