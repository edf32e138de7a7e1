import { TOTAL_LIMIT } from '@/lib/db/where'
import { deskEnvironment } from '@/lib/environment'
import type { AlertFacts, AlertKind } from './types'

export type Told = { kind: AlertKind | 'test'; facts: AlertFacts; over: boolean }
type Language = 'zh' | 'en'
type Words = { title: (facts: AlertFacts) => string; over: (facts: AlertFacts) => string }

const minutesLeft = (until: string | null | undefined, now: Date) =>
  until ? Math.max(0, Math.round((Date.parse(until) - now.getTime()) / 60_000)) : 0

/** One line of each kind. `over`: how it ended. */
function wordsOf(kind: Told['kind'], language: Language, now: Date): Words {
  const left = (facts: AlertFacts) => minutesLeft(facts.until, now)
  const table: Record<Told['kind'], Record<Language, Words>> = {
    'message-window': {
      zh: {
        title: (f) => `失败消息的重试窗口仅剩 ${left(f)} 分钟`,
        over: (f) => (f.end === 'lapsed' ? '重试窗口已结束，消息仍未成功，订单可能已被取消' : '已恢复：消息已处理'),
      },
      en: {
        title: (f) => `${left(f)} minutes are left of a failed message's retry window`,
        over: (f) =>
          f.end === 'lapsed'
            ? 'The window is over without success; the order may be cancelled'
            : 'Recovered: the message is dealt with',
      },
    },
    'failed-orders': {
      zh: {
        title: (f) => `本月失败订单已达 ${f.count} 个（超过 ${f.limit} 个可能被下架）`,
        over: () => '已恢复：本月失败订单低于阈值',
      },
      en: {
        title: (f) => `${f.count} orders failed this month (more than ${f.limit} may delist the product)`,
        over: () => 'Recovered: fewer failed orders than the threshold',
      },
    },
    'probe-failed': {
      zh: { title: (f) => `拨测失败，已连续 ${f.count} 天（${f.limit} 天将冻结交易）`, over: () => '已恢复：拨测通过' },
      en: {
        title: (f) => `A probe failed, ${f.count} days in a row (${f.limit} days freeze trading)`,
        over: () => 'Recovered: the probe passes again',
      },
    },
    'delivery-stuck': {
      zh: { title: () => '实例开通停滞', over: () => '已恢复：实例已开通或已结束' },
      en: { title: () => 'A delivery is stuck', over: () => 'Recovered: the instance is delivered or gone' },
    },
    'pool-low': {
      zh: { title: (f) => `账号池仅剩 ${f.count} 个可用账号`, over: () => '已恢复：账号池已补充' },
      en: {
        title: (f) => `${f.count} accounts are left in the pool`,
        over: () => 'Recovered: the pool is filled again',
      },
    },
    'usage-late': {
      zh: {
        title: ({ count }) =>
          count
            ? `${count < TOTAL_LIMIT ? count : '超过 10,000'} 条话单已过推送时间仍未推送`
            : '已过推送时间，仍未收到话单',
        over: () => '已恢复：用量已按时推送',
      },
      en: {
        title: ({ count }) => {
          if (!count) return 'Usage should be pushed by now, and no records came in'
          if (count === 1) return '1 usage record should be pushed by now and is not'
          return `${count < TOTAL_LIMIT ? count : 'More than 10,000'} usage records should be pushed by now and are not`
        },
        over: () => 'Recovered: the usage is pushed',
      },
    },
    test: {
      zh: { title: () => '这是一条测试通知', over: () => '这是一条测试通知' },
      en: { title: () => 'This is a test notice', over: () => 'This is a test notice' },
    },
  }
  return table[kind][language]
}

const labels = {
  zh: {
    environment: '环境',
    product: '商品',
    activity: '场景',
    order: '订单号',
    instance: '实例 ID',
    message: '消息 ID',
    cause: '原因',
    since: '开始时间',
    until: '窗口结束',
    page: '查看',
  },
  en: {
    environment: 'Environment',
    product: 'Product',
    activity: 'Activity',
    order: 'Order',
    instance: 'Instance',
    message: 'Message',
    cause: 'Cause',
    since: 'Since',
    until: 'Window closes',
    page: 'Open',
  },
} as const

const environmentWords = {
  zh: { production: '生产', sandbox: '沙箱' },
  en: { production: 'production', sandbox: 'sandbox' },
}

/** The line that says what is the matter, in one language. */
export function alertTitle({ kind, facts, over }: Told, language: Language, now: Date): string {
  const words = wordsOf(kind, language, now)
  return over ? words.over(facts) : words.title(facts)
}

type Letter = { subject: string; body: string }

/** A plain-text mail about one alert or several of a kind. Every one names environment, product, activity, ids and cause. */
export function composeAlertMail(
  told: Told[],
  { language, deskUrl, now }: { language: 'both' | 'zh-CN' | 'en'; deskUrl: string; now: Date },
): Letter {
  const languages: Language[] = language === 'both' ? ['zh', 'en'] : [language === 'en' ? 'en' : 'zh']
  const [main = 'zh'] = languages
  const [first] = told as [Told]
  const { environment, marketplaceHost } = deskEnvironment()
  const about = first.facts.productName ?? first.facts.orderId ?? first.facts.instanceId
  const more = told.length > 1 ? (main === 'zh' ? ` 等 ${told.length} 项` : ` and ${told.length - 1} more`) : ''
  const subject = `[${environmentWords[main][environment]}] ${alertTitle(first, main, now)}${about ? ` · ${about}` : ''}${more}`
  const part = (each: Language) =>
    told
      .map((one) => {
        const { facts } = one
        const say = labels[each]
        const lines: [string, string | null | undefined][] = [
          [say.environment, `${environmentWords[each][environment]} (${marketplaceHost})`],
          [say.product, facts.productName],
          [say.activity, facts.activity],
          [say.order, facts.orderId],
          [say.instance, facts.instanceId],
          [say.message, facts.messageId],
          [say.cause, facts.cause],
          [say.since, facts.since && writeTime(facts.since, each)],
          [say.until, facts.until && writeTime(facts.until, each)],
          [say.page, `${deskUrl}${facts.path}`],
        ]
        const known = lines
          .filter(([, text]) => text)
          .map(([name, text]) => `${name}${each === 'zh' ? '：' : ': '}${text}`)
        return [alertTitle(one, each, now), ...known].join('\n')
      })
      .join('\n\n')
  return { subject: subject.slice(0, 200), body: `${languages.map(part).join('\n\n――――――――――\n\n')}\n` }
}

/** What the webhook says of one alert; the members of `data.alert` are facts, not sentences. */
export function alertEvent(id: string, { kind, facts, over }: Told, deskUrl: string, now: Date): string {
  const { path, ...rest } = facts
  const type = kind === 'test' ? 'alert.test' : over ? 'alert.recovered' : 'alert.firing'
  const title = { zh: alertTitle({ kind, facts, over }, 'zh', now), en: alertTitle({ kind, facts, over }, 'en', now) }
  const alert = { id, kind, title, ...deskEnvironment(), ...rest, link: `${deskUrl}${path}` }
  return JSON.stringify({ type, timestamp: now.toISOString(), data: { alert } })
}

function writeTime(at: string, language: Language): string {
  const there = new Date(Date.parse(at) + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
  return language === 'zh' ? `${there}（北京时间）` : `${there} Beijing time`
}
