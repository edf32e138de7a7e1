import pino from 'pino'
import { EnvError, readEnv } from '@/lib/env'

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
  level: logLevel(),
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label) => ({ level: label }) },
  redact: { paths: secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[hidden]' },
})

// A bad variable is the start's to report, in its own words; loading this module is not the place.
function logLevel(): string {
  try {
    return readEnv().logLevel
  } catch (error) {
    if (error instanceof EnvError) return 'info'
    throw error
  }
}
