import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { readEnv } from './env'

describe('readEnv', () => {
  test('has a default for everything that may be left out, also for empty values', () => {
    expect(readEnv({ PORT: '', DATABASE_URL: '' })).toEqual({
      port: 3000,
      host: '127.0.0.1',
      databaseUrl: undefined,
      deskDataDir: path.resolve('.data'),
      deskSecret: undefined,
      deskUrl: 'http://127.0.0.1:3000',
      deskAdminEmail: undefined,
      deskAdminPassword: undefined,
      marketplaceUrl: 'https://mkt.myhuaweicloud.com',
      marketplaceFallbackUrl: 'https://mkt.myhuaweicloud.cn',
      smtpUrl: undefined,
      mailFrom: undefined,
      logLevel: 'info',
      deskAllowPrivateWebhooks: false,
      chromiumPath: undefined,
    })
  })

  test('reads what is given', () => {
    const env = readEnv({ PORT: '8080', HOST: '::1', DESK_ALLOW_PRIVATE_WEBHOOKS: '1', MARKETPLACE_URL: 'http://h:1/' })
    expect(env).toMatchObject({ port: 8080, deskAllowPrivateWebhooks: true, marketplaceUrl: 'http://h:1' })
    expect(env.deskUrl).toBe('http://[::1]:8080')
    expect(readEnv({ DESK_URL: 'https://desk.example.com/' }).deskUrl).toBe('https://desk.example.com')
  })

  test.each([
    ['PORT', '70000', /^PORT is "70000"; allowed is a port number/],
    ['PORT', '3e3', /^PORT is "3e3"/],
    ['LOG_LEVEL', 'loud', /^LOG_LEVEL is "loud"; allowed is fatal, error/],
    ['DESK_ALLOW_PRIVATE_WEBHOOKS', 'yes', /allowed is 0 or 1\.$/],
    [
      'DATABASE_URL',
      'mysql://u:hunter2@h/d',
      /^DATABASE_URL is a mysql:\/\/ URL \(the rest is not shown\); .*postgresql:/,
    ],
    ['DESK_SECRET', 'short', /^DESK_SECRET is a text of length 5 \(not shown\); .*16 characters/],
    ['DESK_URL', 'desk.example.com', /^DESK_URL is "desk.example.com"/],
    ['SMTP_URL', 'http://h', /^SMTP_URL/],
    ['DESK_ADMIN_EMAIL', 'root', /^DESK_ADMIN_EMAIL is "root"/],
    ['DESK_ADMIN_EMAIL', 'a@example.com', /^DESK_ADMIN_PASSWORD is unset while DESK_ADMIN_EMAIL is given/],
  ])('refuses %s=%s with one sentence', (name, value, sentence) => {
    expect(() => readEnv({ [name]: value })).toThrow(sentence)
    expect(() => readEnv({ [name]: value })).not.toThrow(/hunter2/)
  })
})
