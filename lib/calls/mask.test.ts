import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskHeaders, maskQuery, maskText, queryPairs, shorten } from './mask'

describe('bodies', () => {
  it('hides secrets and keeps every other character as it came', () => {
    const body =
      '{ "orderId":"CS1",\n "password" : "p\\"w",  "amount":1.00, "email":null, "mobilePhone":"", "n":12345678901234567890 }'
    expect(maskText(body)).toBe(
      '{ "orderId":"CS1",\n "password" : "••••",  "amount":1.00, "email":null, "mobilePhone":"", "n":12345678901234567890 }',
    )
  })

  it('hides whatever kind of value a secret has', () => {
    expect(maskText('{"password":123,"license":{"a":[1,2]},"clientSecret":["x"]}')).toBe(
      '{"password":"••••","license":"••••","clientSecret":"••••"}',
    )
  })

  it('looks into JSON inside a string', () => {
    const body = JSON.stringify({ userList: JSON.stringify([{ name: '张三', mobile: '13900000000', email: 'a@b.c' }]) })
    const users = JSON.parse(JSON.parse(maskText(body)).userList)
    expect(users).toEqual([{ name: '张三', mobile: '••••', email: '••••' }])
  })

  it('hides the value of a pair whose name is secret', () => {
    expect(maskText('[{"value":"a@b.c","name":"email"},{"name":"color","value":"red"}]')).toBe(
      '[{"value":"••••","name":"email"},{"name":"color","value":"red"}]',
    )
  })

  it('hides the account of app info only', () => {
    expect(maskText('{"userName":"buyer","appInfo":{"userName":"admin","frontEndUrl":"https://a"}}')).toBe(
      '{"userName":"buyer","appInfo":{"userName":"••••","frontEndUrl":"https://a"}}',
    )
  })

  it('sees through an escaped name', () => {
    expect(maskText('{"\\u0070assword":"x1y2z3"}')).not.toContain('x1y2z3')
  })

  it('masks text that is no JSON', () => {
    expect(maskText('{"password":"open","email":"a@b.c')).not.toMatch(/open|a@b/)
    expect(maskText('activity=newInstance&email=a@b.c&mobilePhone=139&timeStamp=1')).toBe(
      'activity=newInstance&email=••••&mobilePhone=••••&timeStamp=1',
    )
    expect(maskText('‹key›n1{"userList":"[{\\"mobile\\":\\"13900000000\\",\\"name\\":\\"x\\"}]"}')).not.toContain('139')
  })

  it('never lets a secret through, wherever it stands', () => {
    const json = fc.json({ maxDepth: 4 })
    fc.assert(
      fc.property(json, fc.constantFrom('password', 'email', 'clientSecret', 'license'), (other, name) => {
        const value = 'SeCrEt-4711'
        const body = `{"other":${other},"list":[{"${name}":"${value}"}],"text":${JSON.stringify(`{"${name}":"${value}"}`)}}`
        expect(maskText(body)).not.toContain(value)
        expect(JSON.parse(maskText(body)).other).toEqual(JSON.parse(maskText(`{"other":${other}}`)).other)
      }),
    )
  })

  it('is quick with long odd text', () => {
    const began = performance.now()
    for (const odd of [
      'a'.repeat(260_000),
      '"'.repeat(260_000),
      ' '.repeat(260_000),
      '['.repeat(260_000),
      '\\"'.repeat(130_000),
    ]) {
      maskText(odd)
      maskText(`password=${odd}`)
      maskText(`{"a":"${odd}`)
    }
    expect(performance.now() - began).toBeLessThan(2_000)
  })
})

describe('headers and queries', () => {
  it('hides headers that let somebody in', () => {
    expect(
      maskHeaders({
        authorization: 'Bearer x',
        Cookie: 'a=b',
        'x-sign': '49e52403d279b5193a1c5891ab7a0b96e638167cc605a983046b55a859c8b88c',
        'Body-Sign': 'sign_type="HMAC-SHA256", signature= "rI06vfjhamlm/ZZmhrRnn+SVvEWEDw9oymEtpqGSagY="',
        accept: '*/*',
      }),
    ).toEqual({
      authorization: '••••',
      Cookie: '••••',
      'x-sign': '49e52403…b88c',
      'Body-Sign': 'sign_type="HMAC-SHA256", signature= "rI06vfjh…agY="',
      accept: '*/*',
    })
  })

  it('shortens signatures and hides contacts in a query', () => {
    const query =
      'activity=newInstance&authToken=rI06vfjhamlm%2FZZmhrRnn%2BSVvEWE%3D&email=YWJj%2B&orderId=CS%201&flag&bad=%E0%A4'
    const masked = maskQuery(query)
    expect(queryPairs(masked)).toEqual([
      ['activity', 'newInstance'],
      ['authToken', 'rI06vfjh…EWE='],
      ['email', '••••'],
      ['orderId', 'CS 1'],
      ['flag', ''],
      ['bad', '%E0%A4'],
    ])
  })

  it('looks into extension parameters', () => {
    const params = (value: string) => Buffer.from(JSON.stringify([{ name: 'email', value }])).toString('base64')
    const masked = maskQuery(`saasExtendParams=${encodeURIComponent(encodeURIComponent(params('a@b.c')))}`)
    expect(Buffer.from(queryPairs(masked)[0]?.[1] ?? '', 'base64').toString()).toBe('[{"name":"email","value":"••••"}]')
  })

  it('keeps the ends of a signature, never a short one', () => {
    expect(shorten('0123456789')).toBe('••••')
    expect(shorten('')).toBe('')
  })
})
