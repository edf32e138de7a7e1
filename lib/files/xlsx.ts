import { fileFault } from './faults'
import type { TableRow } from './table'
import { BadXml, readXml, type XmlEvent } from './xml'
import { type Archive, openZip } from './zip'

/** What a file may unpack to, and how much text its cells may share. */
const MAX_INFLATED = 200 * 1024 * 1024
const MAX_SHARED = 32 * 1024 * 1024
const MAX_CELL = 40_000
export const MAX_COLUMNS = 256

const ZIP = [0x50, 0x4b]
const OLD_OFFICE = [0xd0, 0xcf, 0x11, 0xe0]

export function isWorkbook(bytes: Uint8Array): boolean {
  return [ZIP, OLD_OFFICE].some((magic) => magic.every((byte, at) => bytes[at] === byte))
}

/** Every row of the first sheet that stands in the file (ECMA-376). Throws DeskError 'invalid' and 'too-large'. */
export async function* xlsxRows(bytes: Uint8Array, { name }: { name: string }): AsyncGenerator<TableRow> {
  if (bytes[0] === OLD_OFFICE[0]) {
    throw fileFault('oldWorkbook', { name })
  }
  try {
    const archive = openZip(bytes, { name, maxInflated: MAX_INFLATED })
    const { sheet, date1904 } = await firstSheet(archive, name)
    const shared = await sharedTexts(archive, name)
    const kinds = await dateKinds(archive)
    yield* sheetRows(archive.read(sheet), { shared, kinds, date1904 })
  } catch (error) {
    throw error instanceof BadXml ? fileFault('damaged', { name, what: error.message }) : error
  }
}

async function* eventsOf(archive: Archive, path: string): AsyncGenerator<XmlEvent> {
  for await (const events of readXml(archive.read(path))) yield* events
}

async function firstSheet(archive: Archive, name: string): Promise<{ sheet: string; date1904: boolean }> {
  if (!archive.has('xl/workbook.xml')) {
    throw fileFault('noWorkbook', { name })
  }
  let relation: string | undefined
  let date1904 = false
  for await (const event of eventsOf(archive, 'xl/workbook.xml')) {
    if (event.type !== 'open') continue
    if (event.name === 'workbookPr') date1904 = ['1', 'true'].includes(event.attributes.date1904 ?? '')
    if (event.name === 'sheet') relation ??= event.attributes.id
  }
  const target = relation && archive.has(RELATIONS) ? await targetOf(archive, relation) : undefined
  return { sheet: target ?? 'xl/worksheets/sheet1.xml', date1904 }
}

const RELATIONS = 'xl/_rels/workbook.xml.rels'

async function targetOf(archive: Archive, relation: string): Promise<string | undefined> {
  for await (const event of eventsOf(archive, RELATIONS)) {
    if (event.type !== 'open' || event.attributes.Id !== relation) continue
    const { Target = '' } = event.attributes
    return Target.startsWith('/') ? Target.slice(1) : `xl/${Target.replace(/^\.\//, '')}`
  }
}

async function sharedTexts(archive: Archive, name: string): Promise<string[]> {
  const path = 'xl/sharedStrings.xml'
  if (!archive.has(path)) return []
  const texts: string[] = []
  const text = new CellText()
  let size = 0
  for await (const event of eventsOf(archive, path)) {
    text.take(event)
    if (event.type !== 'close' || event.name !== 'si') continue
    const value = text.end()
    size += value.length
    if (size > MAX_SHARED) throw fileFault('tooMuchText', { name, max: MAX_SHARED })
    texts.push(value)
  }
  return texts
}

/** Gathers `<t>` of a text in one or more runs; how a word is read aloud (`rPh`) is no part of it. */
class CellText {
  private text = ''
  private inText = false
  private phonetic = false

  take(event: XmlEvent): void {
    if (event.type === 'text') {
      if (this.inText && !this.phonetic && this.text.length < MAX_CELL) this.text += event.text
      return
    }
    if (event.name === 't') this.inText = event.type === 'open'
    if (event.name === 'rPh') this.phonetic = event.type === 'open'
  }

  /** The text since the last end. `_x000D_` is how a sheet writes a carriage return. */
  end(): string {
    const text = this.text.replace(/_x([0-9A-F]{4})_/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    this.text = ''
    return text
  }
}

type DateKind = 'date' | 'time' | 'both' | null

/** What the number formats of the cell styles make of a number, by style. */
async function dateKinds(archive: Archive): Promise<DateKind[]> {
  const path = 'xl/styles.xml'
  if (!archive.has(path)) return []
  const custom = new Map<number, DateKind>()
  const kinds: DateKind[] = []
  let inCells = false
  for await (const event of eventsOf(archive, path)) {
    if (event.type === 'text') continue
    if (event.name === 'cellXfs') inCells = event.type === 'open'
    if (event.type !== 'open') continue
    const format = Number(event.attributes.numFmtId)
    if (event.name === 'numFmt') custom.set(format, kindOfFormat(event.attributes.formatCode ?? ''))
    if (event.name === 'xf' && inCells) kinds.push(custom.get(format) ?? builtinKind(format))
  }
  return kinds
}

function builtinKind(format: number): DateKind {
  if (format === 22) return 'both'
  const isTime = (format >= 18 && format <= 21) || (format >= 45 && format <= 47) || format === 32 || format === 33
  if (isTime || format === 34 || format === 35 || format === 55 || format === 56) return 'time'
  const isDate = (format >= 14 && format <= 17) || (format >= 27 && format <= 31) || format === 36
  return isDate || (format >= 50 && format <= 58) ? 'date' : null
}

function kindOfFormat(code: string): DateKind {
  const plain = code.replace(/"[^"]*"|\\.|_.|\*./g, '').replace(/\[(?![hms]+\])[^\]]*\]/gi, '')
  const hasTime = /[hs]/i.test(plain) || /上午|AM\/PM/i.test(plain)
  const hasDate = /[yd年月日]/i.test(plain) || (/m/i.test(plain) && !hasTime)
  if (hasDate && hasTime) return 'both'
  return hasDate ? 'date' : hasTime ? 'time' : null
}

type Meaning = { shared: string[]; kinds: DateKind[]; date1904: boolean }

async function* sheetRows(chunks: AsyncIterable<Uint8Array>, meaning: Meaning): AsyncGenerator<TableRow> {
  const text = new CellText()
  let line = 0
  let column = -1
  let cells: string[] = []
  let attributes: Record<string, string> = {}
  let value = ''
  let inValue = false
  for await (const events of readXml(chunks)) {
    for (const event of events) {
      text.take(event)
      if (event.type === 'text') {
        if (inValue && value.length < MAX_CELL) value += event.text
      } else if (event.name === 'v') {
        inValue = event.type === 'open'
      } else if (event.name === 'c' && event.type === 'open') {
        attributes = event.attributes
        column = columnOf(attributes.r) ?? column + 1
        value = ''
        text.end()
      } else if (event.name === 'c') {
        if (column < MAX_COLUMNS) cells[column] = cellText(attributes, value, text.end(), meaning)
      } else if (event.name === 'row' && event.type === 'open') {
        line = Number(event.attributes.r) || line + 1
        column = -1
        cells = []
      } else if (event.name === 'row') {
        yield { line, cells }
      } else if (event.name === 'sheetData' && event.type === 'close') {
        return
      }
    }
  }
}

function columnOf(reference: string | undefined): number | null {
  const letters = /^[A-Z]{1,3}/.exec(reference ?? '')?.[0]
  if (!letters) return null
  return [...letters].reduce((number, letter) => number * 26 + letter.charCodeAt(0) - 64, 0) - 1
}

function cellText(attributes: Record<string, string>, value: string, inline: string, meaning: Meaning): string {
  switch (attributes.t) {
    case 's':
      return meaning.shared[Number(value)] ?? ''
    case 'inlineStr':
      return inline
    case 'b':
      return value === '1' ? 'TRUE' : 'FALSE'
    case 'str':
    case 'e':
    case 'd':
      return value
    default:
      return numberText(value, meaning.kinds[Number(attributes.s)] ?? null, meaning.date1904)
  }
}

function numberText(value: string, kind: DateKind, date1904: boolean): string {
  const number = Number(value)
  if (value.trim() === '' || !Number.isFinite(number)) return value
  if (kind && number >= 0 && number < 2_958_466) return dateText(number, kind, date1904)
  // A sheet shows 15 digits of a number and stores the noise behind them.
  const digits = String(Number(number.toPrecision(15)))
  return digits.includes('e') ? plainDecimal(number) : digits
}

function plainDecimal(number: number): string {
  return number.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20, maximumSignificantDigits: 15 })
}

const DAY_MS = 86_400_000

/** Days count from 1899-12-30 because sheets hold 1900 for a leap year; before March 1900 they are one off. */
function dateText(serial: number, kind: DateKind, date1904: boolean): string {
  const days = date1904 ? serial + 1462 : serial < 60 ? serial + 1 : serial
  const time = new Date(Date.UTC(1899, 11, 30) + Math.round((days * DAY_MS) / 1000) * 1000)
  const iso = time.toISOString()
  const clock = iso.slice(11, 19)
  if (kind === 'time' && serial < 1) return clock
  return kind === 'date' && clock === '00:00:00' ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${clock}`
}
