import pino from 'pino'
import { readEnv } from '@/lib/env'

const secretKeys = [
  'accessKey',
  'accessToken',
  'adminPassword',
  'authToken',
  'authorization',
  'body',
  'clientSecret',
  'cookie',
  'credential',
  'databaseUrl',
  'deskSecret',
  'license',
  'mobilePhone',
  'password',
  'privateKey',
  'secret',
  'secretKey',
  'smtpUrl',
  'token',
]

/** JSON lines on stdout; members that carry secrets are blanked up to two levels down, whatever module logs them. */
export const log = pino({
  level: readEnv().logLevel,
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label) => ({ level: label }) },
  redact: { paths: secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[hidden]' },
})
