import { crc32, deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import en from '@/messages/en.json'
import zh from '@/messages/zh-CN.json'
import { fileFaults } from './faults'
import { readTable, type TableRow } from './index'

const limits = { name: 'usage.csv', maxBytes: 1_000_000, maxRows: 1000 }

async function read(bytes: Uint8Array | string, more: Partial<typeof limits> = {}) {
  const table = await readTable(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, { ...limits, ...more })
  const rows: TableRow[] = []
  for await (const row of table.rows) rows.push(row)
  return { header: table.header, rows }
}

describe('a CSV file', () => {
  it('comes row by row with its lines, blank rows left out, cells trimmed', async () => {
    const text = 'id, name ,note\r\n\r\n1,"a, b","two\nlines"\r\n 2\t,x\r\n,,\r\n3,"say ""hi""",,,\r\n'
    expect(await read(text)).toEqual({
      header: ['id', 'name', 'note'],
      rows: [
        { line: 3, cells: ['1', 'a, b', 'two\nlines'] },
        { line: 5, cells: ['2', 'x'] },
        { line: 7, cells: ['3', 'say "hi"'] },
      ],
    })
  })

  it.each([
    ['UTF-8', Buffer.from('实例,用量\nA1,3\n')],
    ['UTF-8 with a mark', Buffer.from('\uFEFF实例,用量\nA1,3\n')],
    ['GB18030', Buffer.from([0xca, 0xb5, 0xc0, 0xfd, 0x2c, 0xd3, 0xc3, 0xc1, 0xbf, 0x0a, 0x41, 0x31, 0x2c, 0x33])],
    ['UTF-16', Buffer.from('\uFEFF实例,用量\nA1,3\n', 'utf16le')],
    ['semicolons', Buffer.from('实例;用量\nA1;3\n')],
    ['tabs', Buffer.from('实例\t用量\nA1\t3\n')],
    ['a named delimiter', Buffer.from('sep=|\n实例|用量\nA1|3\n')],
  ])('is read as %s', async (_, bytes) => {
    const { header, rows } = await read(bytes)
    expect(header).toEqual(['实例', '用量'])
    expect(rows.map(({ cells }) => cells)).toEqual([['A1', '3']])
  })

  it('keeps characters whole that stand across its pieces', async () => {
    const names = Array.from({ length: 900 }, (_, at) => `${'云'.repeat(70)}${at}`)
    const { rows } = await read(`name\n${names.join('\n')}\n`)
    expect(rows.map(({ cells }) => cells[0])).toEqual(names)
    expect(rows.at(-1)?.line).toBe(901)
  })

  it.each([
    ['nothing', '', 'usage.csv holds no rows.'],
    ['blank lines', '\n\n , \n', 'usage.csv holds no rows.'],
    ['an image', Buffer.from([0x89, 0x50, 0, 0, 0xff, 0xff]), /neither a CSV file/],
    ['an open quotation mark', 'a,b\n1,2\n3,"4\n', /line 3: a quotation mark is opened/],
    ['a stray quotation mark', 'a,b\n1,2\n3,4"5"\n', /line 3: a quotation mark stands inside/],
  ])('says what is wrong with %s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(message) })
  })

  it('of 200 MB is refused by its limit before it is read whole', async () => {
    let given = 0
    async function* endless() {
      for (; given < 200; given += 1) yield Buffer.alloc(1_000_000, 'a')
    }
    const refused = readTable(endless(), { ...limits, maxBytes: 10_000_000 })
    await expect(refused).rejects.toMatchObject({
      code: 'too-large',
      message: 'usage.csv has more than 10000000 bytes; split it.',
    })
    expect(given).toBe(10)
  })

  it('with too many rows is refused at the first of them', async () => {
    await expect(read('a\n1\n2\n3\n', { maxRows: 2 })).rejects.toMatchObject({
      code: 'too-large',
      message: 'usage.csv has more than 2 rows; split it.',
      field: 'file',
      details: { file: 'tooManyRows', name: 'usage.csv', max: 2 },
    })
  })
})

const workbook = `<?xml version="1.0"?><x:workbook xmlns:x="m" xmlns:r="r"><x:sheets>
  <x:sheet name="用量" sheetId="4" r:id="rId2"/><x:sheet name="other" sheetId="1" r:id="rId1"/></x:sheets></x:workbook>`
const relations = `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/>
  <Relationship Id="rId2" Target="/xl/worksheets/sheet7.xml"/></Relationships>`
const styles = `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd&quot; at &quot;hh:mm:ss"/>
  <numFmt numFmtId="165" formatCode="[Red]#,##0.00&quot;days&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
  <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="21"/></cellXfs></styleSheet>`
const shared = `<sst><si><t>实例</t></si><si><r><t xml:space="preserve">rich </t></r><r><t>text</t></r><rPh><t>no</t></rPh></si>
  <si><t>a &lt;b&gt; &#20113; &amp;c</t></si></sst>`
const sheet = `<worksheet><sheetData>
  <row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c><c r="D2" t="inlineStr"><is><t>D</t></is></c></row>
  <row r="3"/>
  <row r="4"><c r="A4" t="s"><v>2</v></c><c r="B4"><v>1.1000000000000001</v></c><c r="C4" s="1"><v>46054</v></c>
    <c r="D4" s="2"><v>46054.5625</v></c><c r="E4" s="3"><v>12.5</v></c><c r="F4" s="4"><v>0.75</v></c>
    <c r="G4" t="b"><v>1</v></c><c r="H4" t="str"><f>A1&amp;B1</f><v>sum</v></c><c r="I4"><v>1E-4</v></c><c r="J4"><v>1.5E-7</v></c></row>
  <row><c><v>7</v></c><c t="inlineStr"><is><t>next</t></is></c></row>
  </sheetData><ignored><row><c><v>1</v></c></row></ignored></worksheet>`
const parts = {
  'xl/workbook.xml': workbook,
  'xl/_rels/workbook.xml.rels': relations,
  'xl/styles.xml': styles,
  'xl/sharedStrings.xml': shared,
  'xl/worksheets/sheet1.xml': '<worksheet/>',
  'xl/worksheets/sheet7.xml': sheet,
}

describe('an XLSX file', () => {
  it('gives its first sheet: shared, rich and inline texts, numbers, dates, places', async () => {
    const { header, rows } = await read(zipped(parts))
    expect(header).toEqual(['实例', 'rich text', '', 'D'])
    expect(rows).toEqual([
      {
        line: 4,
        cells: [
          'a <b> 云 &c',
          '1.1',
          '2026-02-01',
          '2026-02-01 13:30:00',
          '12.5',
          '18:00:00',
          'TRUE',
          'sum',
          '0.0001',
          '0.00000015',
        ],
      },
      { line: 5, cells: ['7', 'next'] },
    ])
  })

  it('counts days from 1904 where the book says so', async () => {
    const book = workbook.replace('<x:sheets>', '<x:workbookPr date1904="1"/><x:sheets>')
    const { rows } = await read(zipped({ ...parts, 'xl/workbook.xml': book }))
    expect(rows[0]?.cells[2]).toBe('2030-02-02')
  })

  it('that unpacks without end is refused while it is small', async () => {
    const row = `<row><c t="inlineStr"><is><t>${'0'.repeat(30_000)}</t></is></c></row>`
    const bomb = zipped({ ...parts, 'xl/worksheets/sheet7.xml': `<worksheet><sheetData>${row.repeat(7500)}` })
    expect(bomb.length).toBeLessThan(limits.maxBytes)
    await expect(read(bomb, { maxRows: 1e6 })).rejects.toMatchObject({ code: 'too-large', message: /unpacks to more/ })
  })

  it('does not follow entities, nor grow by far-away columns', async () => {
    const entities = `<!DOCTYPE a [<!ENTITY b "${'b'.repeat(100)}">]><worksheet/>`
    await expect(read(zipped({ ...parts, 'xl/worksheets/sheet7.xml': entities }))).rejects.toMatchObject({
      code: 'invalid',
      message: 'usage.csv is damaged: a document type is declared.',
    })
    const far = sheet.replace('r="J4"', 'r="XFD4"')
    const { rows } = await read(zipped({ ...parts, 'xl/worksheets/sheet7.xml': far }))
    expect(rows[0]?.cells).toHaveLength(9)
  })

  const whole = zipped(parts)
  it.each([
    ['an old XLS file', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1]), /XLS file or has a password/],
    ['another archive', zipped({ 'readme.txt': 'hi' }), /no XLSX file/],
    ['half a file', whole.subarray(0, whole.length / 2), /damaged/],
    ['a changed byte', Buffer.from(whole).fill(0xff, 60, 90), /damaged/],
    [
      'a sheet that breaks off',
      zipped({ ...parts, 'xl/worksheets/sheet7.xml': sheet.slice(0, 400) }),
      /ends early|damaged/,
    ],
  ])('says what is wrong with %s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(message) })
  })
})

/** A zip archive of texts, packed. */
function zipped(files: Record<string, string>): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [path, text] of Object.entries(files)) {
    const raw = Buffer.from(text)
    const packed = deflateRawSync(raw)
    const name = Buffer.from(path)
    const facts = Buffer.alloc(26)
    facts.writeUInt16LE(20, 0)
    facts.writeUInt16LE(8, 4)
    facts.writeUInt32LE(crc32(raw), 10)
    facts.writeUInt32LE(packed.length, 14)
    facts.writeUInt32LE(raw.length, 18)
    facts.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), facts, name, packed])
    const more = Buffer.alloc(14)
    more.writeUInt32LE(at, 10)
    locals.push(local)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), facts, more, name]))
    at += local.length
  }
  const end = Buffer.alloc(18)
  end.writeUInt16LE(directory.length, 4)
  end.writeUInt16LE(directory.length, 6)
  end.writeUInt32LE(Buffer.concat(directory).length, 8)
  end.writeUInt32LE(at, 12)
  return Buffer.concat([...locals, ...directory, Buffer.from('PK\x05\x06'), end])
}

it("whatever is wrong with a file is told in the reader's language", () => {
  for (const { errors } of [en, zh]) expect(Object.keys(errors.file).sort()).toEqual([...fileFaults].sort())
})
