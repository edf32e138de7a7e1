import { randomInt } from 'node:crypto'
import { fitsField } from '@/lib/marketplace'
import { type Delivery, placeholders } from '@/lib/products'
import type { AppInfo } from './app-info'
import type { DeliveryFacts } from './types'

type Template = Extract<Delivery, { type: 'template' }>
type Placeholder = (typeof placeholders)[number]

const URL_LIMIT = 512
const MEMO_LIMIT = 1024
const LABEL_LIMIT = 63

/** A V2 purchase says its ids and no more; these come from the order query. */
const toldByOrder: readonly Placeholder[] = ['productId', 'skuCode', 'customerId', 'customerName', 'userId', 'userName']

/** Whether a delivery uses what only the marketplace's order query tells of a V2 purchase. */
export function needsOrder(delivery: Delivery): boolean {
  if (delivery.type === 'webhook') return true
  if (delivery.type !== 'template') return false
  const texts = [delivery.frontEndUrl, delivery.adminUrl, delivery.userName, delivery.password, delivery.memo]
  return toldByOrder.some((name) => texts.some((text) => text?.includes(`{${name}}`)))
}

/**
 * Fills a template for one instance. Values are URL-encoded in URLs and made a DNS label in host names; an unknown one is
 * the instance id. Where buyers' names make a text longer than the marketplace takes (URLs 512 characters, accounts 79
 * bytes of UTF-8, so that V1 can encrypt them) every value is the instance id; a memo is cut at 1024.
 */
export function renderTemplate(delivery: Template, facts: DeliveryFacts): AppInfo {
  const { frontEndUrl, adminUrl, userName, password, memo } = delivery
  return {
    frontEndUrl: fill(frontEndUrl, facts, urlWriter(frontEndUrl, facts), isUsableUrl),
    ...(adminUrl && { adminUrl: fill(adminUrl, facts, urlWriter(adminUrl, facts), isUsableUrl) }),
    ...(userName && { userName: fill(userName, facts, asText, fitsField) }),
    ...(password && { password: password === 'generate' ? newPassword() : fill(password, facts, asText, fitsField) }),
    ...(memo && { memo: [...fill(memo, facts, asText, () => true)].slice(0, MEMO_LIMIT).join('') }),
  }
}

type Writer = (value: string, at: number) => string

function fill(template: string, facts: DeliveryFacts, write: Writer, fits: (text: string) => boolean): string {
  const full = substitute(template, (name, at) => write(placed(facts, name), at))
  return fits(full) ? full : substitute(template, (_, at) => write(facts.instanceId, at))
}

function substitute(template: string, write: (name: Placeholder, at: number) => string): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string, at: number) =>
    (placeholders as readonly string[]).includes(name) ? write(name as Placeholder, at) : whole,
  )
}

// A value of dots alone would climb out of its place in a path.
function placed(facts: DeliveryFacts, name: Placeholder): string {
  const value = facts[name]?.replace(/\p{Cc}+/gu, ' ').trim()
  return !value || /^\.+$/.test(value) ? facts.instanceId : value
}

const asText: Writer = (value) => value

function urlWriter(template: string, { instanceId }: DeliveryFacts): Writer {
  const hostEnd = /^[a-z]+:\/\/[^/?#]*/i.exec(template)?.[0].length ?? 0
  return (value, at) =>
    at < hostEnd ? asLabel(value) || asLabel(instanceId) : encodeURIComponent(Buffer.from(value).toString())
}

function asLabel(value: string): string {
  return value
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LABEL_LIMIT)
    .replace(/^-|-$/g, '')
}

function isUsableUrl(text: string): boolean {
  return text.length <= URL_LIMIT && URL.canParse(text)
}

// Without characters that are taken for one another when read aloud or copied from paper.
const classes = ['ABCDEFGHJKLMNPQRSTUVWXYZ', 'abcdefghijkmnpqrstuvwxyz', '23456789', '@#%*-_+='] as const
const PASSWORD_LENGTH = 16

function newPassword(): string {
  const pick = (letters: string) => letters.charAt(randomInt(letters.length))
  const letters = classes.map(pick)
  const all = classes.slice(0, 3).join('')
  while (letters.length < PASSWORD_LENGTH) letters.splice(randomInt(letters.length + 1), 0, pick(all))
  // A symbol in front is taken for a formula by spreadsheets.
  const first = letters.findIndex((letter) => /[A-Za-z]/.test(letter))
  letters.unshift(...letters.splice(first, 1))
  return letters.join('')
}
