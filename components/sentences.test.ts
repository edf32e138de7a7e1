import { readFileSync } from 'node:fs'
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { IntlProvider } from 'use-intl'
import { expect, it } from 'vitest'
import zh from '@/messages/zh-CN.json'
import { useSentences } from './sentences'

function say(text: string): string {
  const Said = () => useSentences()(text)
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  const said = renderToStaticMarkup(
    createElement(
      IntlProvider,
      { locale: 'zh-CN', messages: zh, timeZone: 'UTC', onError } as never,
      createElement(Said),
    ),
  )
  expect(errors).toEqual([])
  return said
}

it.each([
  ['the pool is empty', '账号池已用完，请导入账号'],
  ['The webhook answered 500.', 'Webhook 返回了 500'],
  [
    'The webhook could not be called: shop.example.com refused the connection.',
    'Webhook 调用失败：shop.example.com 拒绝连接',
  ],
  ['order query: Illegal operation', '订单查询失败：Illegal operation'],
  ['127.0.0.1:3000 did not answer in time (20000 ms).', '127.0.0.1:3000 在 20000 毫秒内没有响应'],
  ['said by somebody else', 'said by somebody else'],
])('%s', (text, said) => {
  expect(say(text)).toBe(said)
})

it('has words for what deliveries and rehearsals write down', () => {
  const sources = ['lib/delivery/webhook.ts', 'lib/instances/deliver.ts', 'lib/rehearsals/run.ts'].map((path) =>
    readFileSync(path, 'utf8'),
  )
  const written = sources.flatMap((source) =>
    [...source.matchAll(/type: '(?:waiting|failed)', (?:reason|error): (['`])(.+?)\1/g)].map(
      (match) => match[2] as string,
    ),
  )
  expect(written.length).toBeGreaterThan(6)
  for (const text of written) expect(say(text.replace(/\$\{[^}]+\}/g, '500')), text).toMatch(/\p{Script=Han}/u)
})
