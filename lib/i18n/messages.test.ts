import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTranslator } from 'use-intl/core'
import { describe, expect, it } from 'vitest'
import en from '@/messages/en.json'
import zh from '@/messages/zh-CN.json'

function flatten(node: object, prefix = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(node)) {
    if (typeof value === 'string') found.set(prefix + key, value)
    else for (const [path, text] of flatten(value, `${prefix}${key}.`)) found.set(path, text)
  }
  return found
}

/** Names of the values and tags a message takes; plural branches repeat them. */
function parts(text: string): string[] {
  const names = [...text.matchAll(/\{\s*(\w+)\s*[,}]/g), ...text.matchAll(/<(\w+)>/g)].map(
    (match) => match[1] as string,
  )
  return [...new Set(names)].sort()
}

const dictionaries = { 'zh-CN': flatten(zh), en: flatten(en) }
const resultCodes = [...Array(6).keys(), ...Array.from({ length: 8 }, (_, i) => 100 + i)].map((n) =>
  String(n).padStart(6, '0'),
)

describe('messages', () => {
  it('have the same keys in both languages', () => {
    expect([...dictionaries.en.keys()].sort()).toEqual([...dictionaries['zh-CN'].keys()].sort())
  })

  it('take the same values in both languages, but for the numbers English counts its plurals by', () => {
    for (const [key, text] of dictionaries['zh-CN']) {
      const english = dictionaries.en.get(key) ?? ''
      const counted = [...english.matchAll(/\{(\w+), plural,/g)].map((match) => match[1] as string)
      const wanted = parts(text)
      const extra = parts(english).filter((name) => !wanted.includes(name))
      expect(parts(english), key).toEqual(expect.arrayContaining(wanted))
      expect(counted, key).toEqual(expect.arrayContaining(extra))
    }
  })

  it('are valid ICU and never empty', () => {
    for (const [locale, dictionary] of Object.entries(dictionaries)) {
      const broken: string[] = []
      const messages = {
        all: Object.fromEntries([...dictionary].map(([key, text]) => [key.replaceAll('.', '_'), text])),
      }
      const t = createTranslator<typeof messages>({
        locale: locale as 'en',
        messages,
        onError: (error) => broken.push(`${error.originalMessage ?? error.message}`),
        getMessageFallback: ({ key }) => key,
      })
      for (const [key, text] of dictionary) {
        expect(text.trim(), key).not.toBe('')
        const values = Object.fromEntries(parts(text).map((name) => [name, text.includes(`<${name}>`) ? () => 'x' : 2]))
        t.markup(`all.${key.replaceAll('.', '_')}` as never, values as never)
      }
      expect(broken, locale).toEqual([])
    }
  })

  it('put every result code of the marketplace in words', () => {
    for (const code of resultCodes) {
      expect(dictionaries.en.get(`words.code.${code}`), code).toBeTruthy()
      expect(dictionaries['zh-CN'].get(`words.code.${code}`), code).toBeTruthy()
    }
  })

  it('put everything the audit log can hold in words', () => {
    const root = join(import.meta.dirname, '..')
    const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.startsWith('generated'))
      .map((name) => readFileSync(join(root, name), 'utf8'))
      .filter((source) => source.includes('recordAudit('))
    const lines = sources.flatMap((source) => source.split('\n')).filter((line) => /\baction\b/.test(line))
    const actions = lines.flatMap((line) =>
      [...line.matchAll(/'([a-z-]+)\.([a-z-]+)'/g)].map(([, a, b]) => `${a}_${b}`),
    )
    const subjects = sources.flatMap((source) =>
      [...source.matchAll(/\bsubject: '([a-z-]+)'/g)].map(([, name]) => name),
    )
    expect(actions.length).toBeGreaterThan(20)
    for (const dictionary of Object.values(dictionaries)) {
      expect(actions.filter((action) => !dictionary.has(`words.action.${action}`))).toEqual([])
      expect(subjects.filter((subject) => !dictionary.has(`words.subject.${subject}`))).toEqual([])
    }
  })

  it('leave no sentence in the code: components hold no Chinese text', () => {
    const files = ['components', 'app']
      .flatMap((root) =>
        readdirSync(join(import.meta.dirname, '../..', root), { recursive: true, encoding: 'utf8' }).map((name) =>
          join(import.meta.dirname, '../..', root, name),
        ),
      )
      .filter((name) => name.endsWith('.tsx') && !name.endsWith('.test.tsx'))
    expect(files.length).toBeGreaterThan(10)
    for (const file of files) {
      expect(
        readFileSync(file, 'utf8')
          .replaceAll('中文', '')
          .match(/\p{Script=Han}+/u)?.[0],
        file,
      ).toBeUndefined()
    }
  })
})
