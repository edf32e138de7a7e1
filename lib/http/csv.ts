import { stringify } from 'csv-stringify/sync'

type Row = Record<string, string | number | boolean | null>

/**
 * A CSV file as a stream, page after page, with a byte order mark so that spreadsheets read Chinese. Values a
 * spreadsheet would take for a formula get an apostrophe.
 */
export function csvResponse(fileName: string, columns: readonly string[], pages: AsyncIterable<Row[]>): Response {
  const encoder = new TextEncoder()
  const iterator = pages[Symbol.asyncIterator]()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(`\uFEFF${stringify([columns], { escape_formulas: true })}`))
    },
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) return controller.close()
      const rows = value.map((row) => columns.map((column) => row[column] ?? null))
      controller.enqueue(encoder.encode(stringify(rows, { escape_formulas: true, cast: { boolean: String } })))
    },
    async cancel() {
      await iterator.return?.()
    },
  })
  return new Response(body, {
    headers: {
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': `attachment; filename="${fileName}"`,
      'Cache-Control': 'no-store',
    },
  })
}
