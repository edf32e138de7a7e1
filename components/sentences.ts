'use client'

import { useTranslations } from 'use-intl'

// What the server wrote down about a fault, in English and with its particulars. Their order matters: the first that fits.
const known = [
  ['order-query-failed', /^order query: (?<why>.*)$/s],
  ['no-product-is-set-up', /^no product is set up for what was bought$/],
  ['pool-is-empty', /^the pool is empty$/],
  ['waits-for-staff', /^waits for staff to enter the access data$/],
  ['test-without-order', /^test purchase without an order$/],
  ['released-before', /^the instance was released before$/],
  ['refunded-before', /^this renewal was refunded before it arrived$/],
  ['order-query', /^order query$/],
  ['taken-over', /^taken over from the order$/],
  ['webhook-later', /^The webhook will finish it later\.$/],
  ['webhook-at-work', /^The webhook answered that it is at work\.$/],
  ['webhook-no-object', /^The webhook answered 200 with something that is not a JSON object\.$/],
  ['webhook-no-app-info', /^The webhook answered 200 without appInfo\.$/],
  ['webhook-bad-app-info', /^The webhook answered 200 with an appInfo that cannot be used: (?<why>.*)$/s],
  ['webhook-status', /^The webhook answered (?<status>\d+)\.$/],
  ['webhook-gone', /^(?<name>.*) has no webhook any more\.$/],
  ['webhook-failed', /^The webhook could not be called: (?<why>.*)$/s],
  ['no-time-for-webhook', /^no time was left to call the webhook$/],
  ['no-key', /^There is no active (?<kind>\S+) key to sign with; add one first\.$/],
  ['body-sign', /^the Body-Sign of the answer does not verify$/],
  ['desk-stopped', /^The desk was stopped before the answer came\.$/],
  ['no-answer-in-time', /^(?<host>\S+) did not answer in time \((?<ms>\d+) ms\)\.$/],
  ['refused-connection', /^(?<host>\S+) refused the connection\.$/],
  ['closed-connection', /^(?<host>\S+) closed the connection\.$/],
  ['cannot-be-reached', /^(?<host>\S+) cannot be reached\.$/],
  ['unknown-name', /^(?<host>\S+) (is not a known name|could not be looked up)\.$/],
  ['bad-certificate', /^The certificate of (?<host>\S+) cannot be trusted \((?<code>.*)\)\.$/],
] as const

/** A fault the server wrote down, in the reader's language; one we have no words for stands as it is. */
export function useSentences() {
  const t = useTranslations('sentences')
  return function say(text: string): string {
    for (const [key, pattern] of known) {
      const particulars = pattern.exec(text)?.groups
      if (!particulars && !pattern.test(text)) continue
      const { why, ...rest } = particulars ?? {}
      return t(key, { ...rest, why: why === undefined ? '' : say(why) } as never)
    }
    return text
  }
}
