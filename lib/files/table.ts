import { csvRows } from './csv'
import { fileFault } from './faults'
import { isWorkbook, MAX_COLUMNS, xlsxRows } from './xlsx'

export type TableSource = Uint8Array | AsyncIterable<Uint8Array>
/** `line` is where the row begins in the file, counted from 1; cells are trimmed, a missing one is absent. */
export type TableRow = { line: number; cells: string[] }
export type Table = { header: string[]; rows: AsyncIterable<TableRow> }
export type TableLimits = { name: string; maxBytes: number; maxRows: number }

/**
 * Reads a table from a CSV file (UTF-8, UTF-16 or GB18030; comma, semicolon or tab) or the first sheet of an XLSX file,
 * told apart by their bytes. The first row that is not blank is the header, blank rows are left out. Numbers of a sheet
 * come as plain decimals of at most 15 digits, its dates as `yyyy-MM-dd HH:mm:ss` (no zone: a sheet has none), or the
 * date or the time alone. Columns beyond the 256th are left out. `rows` can be read once. Errors, also while rows are read: 'too-large' beyond `maxBytes` or
 * `maxRows`, before more is read; 'invalid' for a file that is no table, naming the line. `name` is used in both.
 */
export async function readTable(source: TableSource, limits: TableLimits): Promise<Table> {
  const bytes = await collect(source, limits)
  const rows = (isWorkbook(bytes) ? xlsxRows(bytes, limits) : csvRows(bytes, limits))[Symbol.asyncIterator]()
  for (;;) {
    const { done, value } = await rows.next()
    if (done) throw fileFault('empty', { name: limits.name })
    const header = cleaned(value.cells)
    if (header.length > 0) return { header, rows: dataRows(rows, limits) }
  }
}

async function* dataRows(rows: AsyncIterator<TableRow>, { name, maxRows }: TableLimits): AsyncGenerator<TableRow> {
  let count = 0
  try {
    for (;;) {
      const { done, value } = await rows.next()
      if (done) return
      const cells = cleaned(value.cells)
      if (cells.length === 0) continue
      count += 1
      if (count > maxRows) throw fileFault('tooManyRows', { name, max: maxRows })
      yield { line: value.line, cells }
    }
  } finally {
    await rows.return?.()
  }
}

/** Trimmed, without the empty cells at the end. Exports of consoles put a tab before ids to keep them texts. */
function cleaned(cells: string[]): string[] {
  const trimmed = Array.from(cells.slice(0, MAX_COLUMNS), (cell) => (cell ?? '').trim())
  while (trimmed.at(-1) === '') trimmed.pop()
  return trimmed
}

async function collect(source: TableSource, { name, maxBytes }: TableLimits): Promise<Uint8Array> {
  const tooLarge = () => fileFault('tooLarge', { name, max: maxBytes })
  if (source instanceof Uint8Array) {
    if (source.length > maxBytes) throw tooLarge()
    return source
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}
