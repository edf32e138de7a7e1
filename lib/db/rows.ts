import type { RawTx } from './direct'

/** How a column travels. */
export type ColumnType = 'text' | 'uuid' | 'boolean' | 'int' | 'timestamptz' | 'jsonb' | 'bytea' | 'text[]'
export type Columns = Readonly<Record<string, ColumnType>>
/** A value for each column, or none for NULL: `Date` for times, bytes for bytea, for jsonb whatever JSON can say. */
export type Row = Record<string, unknown>

/**
 * Inserts rows in their order with one statement. On the driver's own connection they travel in the binary form of COPY,
 * which costs the server about half of what JSON does; through Prisma as JSON. Fails as an INSERT does.
 */
export async function insertRows(tx: RawTx, table: string, columns: Columns, rows: Row[]): Promise<void> {
  if (tx.copyIn)
    return tx.copyIn(`COPY ${target(table, columns)} FROM STDIN (FORMAT binary)`, binaryRows(columns, rows))
  await tx.$executeRawUnsafe(insertion(table, columns), jsonRows(rows))
}

/** The INSERT of `jsonRows`, without what to do about a conflict. */
export function insertion(table: string, columns: Columns): string {
  const values = Object.keys(columns).map((name) => columnValue(columns, name))
  return `INSERT INTO ${target(table, columns)} SELECT ${values.join(', ')} FROM ${recordset(columns)}`
}

const target = (table: string, columns: Columns) => `${table} (${Object.keys(columns).join(', ')})`

/** Rows as the first parameter of a statement carries them to `recordset`. What is not known does not travel. */
export function jsonRows(rows: Row[]): string {
  const plain = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value)
  const known = ([, value]: [string, unknown]) => value !== null && value !== undefined
  return JSON.stringify(
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row)
          .filter(known)
          .map(([name, value]) => [name, plain(value)]),
      ),
    ),
  )
}

/** The rows of `jsonRows`, to be selected from under the name r. */
export function recordset(columns: Columns): string {
  const carriers: Partial<Record<ColumnType, string>> = { bytea: 'text', 'text[]': 'jsonb' }
  const record = Object.entries(columns).map(([name, type]) => `${name} ${carriers[type] ?? type}`)
  return `json_to_recordset($1::json) AS r(${record.join(', ')})`
}

/** The value of a column in a row of `recordset`. */
export function columnValue(columns: Columns, name: string): string {
  if (columns[name] === 'bytea') return `decode(r.${name}, 'base64')`
  if (columns[name] !== 'text[]') return `r.${name}`
  return `CASE WHEN r.${name} IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(r.${name})) END`
}

const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const TEXT_OID = 25
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1)

/** The binary form of COPY, as PostgreSQL's documentation of COPY has it: every number with its highest byte first. */
function binaryRows(columns: Columns, rows: Row[]): Buffer {
  const fields = Object.entries(columns)
  const out = new Bytes()
  out.bytes(HEADER)
  for (const row of rows) {
    out.int16(fields.length)
    for (const [name, type] of fields) {
      const value = row[name]
      if (value === null || value === undefined) {
        out.int32(-1)
        continue
      }
      const start = out.begin()
      writers[type](out, value)
      out.finish(start)
    }
  }
  out.int16(-1)
  return out.end()
}

const writers: Record<ColumnType, (out: Bytes, value: unknown) => void> = {
  text: (out, value) => out.text(String(value)),
  uuid: (out, value) => out.hex(String(value).replaceAll('-', ''), 16),
  boolean: (out, value) => out.int8(value ? 1 : 0),
  int: (out, value) => out.int32(Number(value)),
  timestamptz: (out, value) => out.int64(((value as Date).getTime() - POSTGRES_EPOCH_MS) * 1000),
  jsonb(out, value) {
    out.int8(1) // its version
    out.text(JSON.stringify(value))
  },
  bytea: (out, value) => out.bytes(value as Uint8Array),
  'text[]'(out, value) {
    const texts = value as string[]
    out.int32(texts.length > 0 ? 1 : 0) // dimensions
    out.int32(0) // none of them NULL
    out.int32(TEXT_OID)
    if (texts.length > 0) {
      out.int32(texts.length)
      out.int32(1) // the first one's number
    }
    for (const text of texts) {
      const start = out.begin()
      out.text(text)
      out.finish(start)
    }
  },
}

/** Bytes that grow at their end. */
class Bytes {
  private buffer = Buffer.allocUnsafe(32 * 1024)
  private length = 0

  int8(value: number) {
    this.length = this.room(1).writeInt8(value, this.length)
  }
  int16(value: number) {
    this.length = this.room(2).writeInt16BE(value, this.length)
  }
  int32(value: number) {
    this.length = this.room(4).writeInt32BE(value, this.length)
  }
  /** A safe integer. */
  int64(value: number) {
    const high = Math.floor(value / 2 ** 32)
    this.int32(high)
    this.length = this.room(4).writeUInt32BE(value - high * 2 ** 32, this.length)
  }
  text(value: string) {
    this.length += this.room(value.length * 3).write(value, this.length)
  }
  hex(value: string, size: number) {
    const written = this.room(size).write(value, this.length, size, 'hex')
    if (written !== size || value.length !== 2 * size) throw new Error(`"${value}" is not ${size} bytes in hex`)
    this.length += size
  }
  bytes(value: Uint8Array) {
    this.room(value.length).set(value, this.length)
    this.length += value.length
  }
  /** What is added until `finish` has its size in front of it. */
  begin(): number {
    this.int32(0)
    return this.length
  }
  finish(start: number) {
    this.buffer.writeInt32BE(this.length - start, start - 4)
  }
  end(): Buffer {
    return this.buffer.subarray(0, this.length)
  }

  private room(size: number): Buffer {
    if (this.length + size > this.buffer.length) {
      const larger = Buffer.allocUnsafe(2 * (this.length + size))
      this.buffer.copy(larger, 0, 0, this.length)
      this.buffer = larger
    }
    return this.buffer
  }
}
