import { createTransport } from 'nodemailer'
import { env } from '@/lib/env'
import type { Result } from '@/lib/errors'

export type Mail = {
  /** Makes a repeat recognisable: the same key gives the same Message-ID. */
  key: string
  to: string
  subject: string
  text: string
}

const CONNECT_MS = 5_000
const SILENCE_MS = 10_000
const WHOLE_MS = 30_000

/** Whether SMTP_URL and MAIL_FROM are there; without both, mails are composed and shown, not sent. */
export function mailConfigured(): boolean {
  return Boolean(env().smtpUrl && env().mailFrom)
}

/** Sends a plain-text mail; ends within 30 s. The error is a sentence for staff, without the credentials of SMTP_URL. */
export async function sendMail({ key, to, subject, text }: Mail): Promise<Result<null, string>> {
  const { smtpUrl, mailFrom } = env()
  if (!smtpUrl || !mailFrom) return { ok: false, error: 'SMTP_URL and MAIL_FROM are not set.' }
  const transport = createTransport(withTimeouts(smtpUrl))
  const domain = /@([\w.-]+)/.exec(mailFrom)?.[1] ?? 'localhost'
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('late'), { code: 'ETIMEDOUT' })), WHOLE_MS)
  })
  try {
    await Promise.race([
      transport.sendMail({
        from: mailFrom,
        to,
        subject,
        text,
        messageId: `<${key}@${domain}>`,
        disableFileAccess: true,
        disableUrlAccess: true,
      }),
      late,
    ])
    return { ok: true, value: null }
  } catch (error) {
    return { ok: false, error: inWords(error as SmtpError, new URL(smtpUrl)) }
  } finally {
    clearTimeout(timer)
    transport.close()
  }
}

// Beside a URL nodemailer takes no other options; in its query it does. What is set there already stays.
function withTimeouts(smtpUrl: string): string {
  const url = new URL(smtpUrl)
  const limits = {
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    dnsTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
  }
  for (const [name, ms] of Object.entries(limits)) {
    if (!url.searchParams.has(name)) url.searchParams.set(name, String(ms))
  }
  return url.href
}

type SmtpError = Error & { code?: string; responseCode?: number; response?: string }

const causes: Record<string, string> = {
  EAUTH: 'did not accept the user name or password',
  ENOAUTH: 'asks for a user name and a password',
  EENVELOPE: 'did not accept the sender or the recipient',
  EMESSAGE: 'did not accept the mail',
  ETLS: 'offers no TLS that can be trusted',
  EDNS: 'has a name that cannot be looked up',
  ETIMEDOUT: 'did not answer in time',
  ECONNECTION: 'cannot be reached or closed the connection',
  ESOCKET: 'cannot be reached or its certificate cannot be trusted',
  ECONNREFUSED: 'refused the connection',
}

function inWords(error: SmtpError, url: URL): string {
  const cause = causes[error.code ?? ''] ?? 'could not be used'
  const said = error.response ? ` (${withoutSecrets(error.response, url).slice(0, 200)})` : ''
  return `The mail server ${url.host} ${cause}${said}.`
}

function withoutSecrets(text: string, url: URL): string {
  const secrets = [url.password, decodeURIComponent(url.password)].filter((secret) => secret.length > 0)
  const line = text.replace(/\p{Cc}+/gu, ' ').trim()
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '••••'), line)
}
