import type { Page } from '@playwright/test'
import { SHOP } from '@/sandbox/shop'
import { startEnterprise } from './support/enterprise'
import { ask, buy, buyV1, call, failOften, goods, messageOf, register, setSeller, unique } from './support/shop'
import { expect, expectAccessible, expectLoaded, test } from './support/test'

test.use({ role: 'admin' })

let addresses: Record<string, string>

/** Something of everything, so that no page stands empty; long lists are cut, for axe looks at every cell. */
test.beforeAll(async () => {
  const [manual, bought] = [await buy(goods('manual')), await buy(goods('template'))]
  await buyV1()
  await buy(goods('template'), { testFlag: '1' })
  await setSeller('refuse')
  const failed = await buy(goods('webhook'))
  await setSeller('ok')
  await call('updateInstanceStatus', { instanceId: bought.instanceId, status: 'FREEZE' })
  const own = unique('page-')
  await failOften(own, 3)
  const refused = `${own}-refused`
  await call('releaseInstance', { instanceId: refused }, { key: SHOP.retiredKey })
  const { items } = await ask<{ items: { id: string }[] }>('GET', `/calls?q=${refused}`)
  await ask('GET', `/orders/${await register(goods('template'))}`)
  const file = `订单编号,订单类型,订单金额(元),备注\r\n${bought.orderId},续费,1.00,x\r\n${unique('CS')},新购,2.00,x\r\n`
  const imported = await ask<{ id: string }>('POST', '/order-imports?name=transactions.csv', file)
  const enterprise = await startEnterprise()
  await enterprise.bind()
  await enterprise.authorise(enterprise.users)
  await enterprise.identity.stop()
  const tenant = `/tenants/${await enterprise.find()}`
  const sameMinute = bought.orderId.slice(0, 'CS2601011200'.length)
  await ask('POST', '/licenses', {
    licenses: [{ license: unique('PL'), customerName: '授权码客户', orderId: unique('CS') }],
  })
  await call('getLicense', { orderId: unique('CSL'), customerName: own }, { version: 'v1' })
  const licences = await ask<{ items: { id: string }[] }>('GET', `/licenses?q=${own}`)
  const products = await ask<{ items: { id: string; name: string }[] }>('GET', '/products')
  const productRef = products.items.find(({ name }) => name === goods('template').name)?.id
  await ask('POST', '/rehearsal-cases/usual', { productRef, version: 'v2' })
  await ask('POST', '/rehearsals', { version: 'v2', activity: 'queryInstance', members: { instanceId: own } })
  addresses = {
    overview: '/',
    failed: `/calls?q=${own}`,
    messages: `/calls?view=messages&test=both&q=${sameMinute}`,
    calls: `/calls?view=calls&q=${own}`,
    message: `/calls/messages/${await messageOf(failed.orderId)}`,
    call: `/calls/${items[0]?.id}`,
    instances: `/instances?test=both&q=${sameMinute}`,
    waiting: `/instances/${manual.instanceId}`,
    instance: `/instances/${bought.instanceId}`,
    orders: `/orders?q=${sameMinute}`,
    order: `/orders/${bought.orderId}`,
    'order-mock': '/orders/MOCKPERIODYEARNEW',
    'order-unknown': `/orders/${unique('CS')}`,
    'order-drift': '/orders?view=drift',
    'order-imports': '/orders?view=imports',
    'order-import': `/orders/imports/${imported.id}`,
    licenses: '/licenses',
    license: `/licenses/${licences.items[0]?.id}`,
    tenants: `/tenants?q=${enterprise.tenantId}`,
    tenant,
    'tenant-members': `${tenant}?tab=members`,
    'tenant-departments': `${tenant}?tab=departments`,
    'tenant-syncs': `${tenant}?tab=syncs`,
    'tenant-logins': `${tenant}?tab=logins`,
    logins: '/settings/logins',
    rehearsals: '/rehearsals',
    products: '/settings/products',
    'order-settings': '/settings/orders',
    credentials: '/settings/credentials',
    staff: '/settings/staff',
    tokens: '/settings/tokens',
    audit: '/settings/audit?subject=user',
    usage: '/usage',
    alerts: '/settings/alerts',
    retention: '/settings/retention',
    'not-found': '/nowhere',
  }
})

const languages = { 'zh-CN': '简体中文', en: 'English' }
type Language = keyof typeof languages

/** Readable and no wider than the window, at each of these widths. */
async function look(page: Page, name: string, widths: number[]): Promise<void> {
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 })
    await expectLoaded(page)
    // A chart finds its new width in a frame of its own.
    await expect
      .poll(() => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), {
        message: `${name} at ${width} px is wider than the window`,
      })
      .toBe(0)
    await expectAccessible(page)
  }
}

/** Where one is, by the menu of the user. */
async function choose(page: Page, lang: Language): Promise<void> {
  await page.getByRole('complementary').getByRole('button', { name: 'admin@shop.example.com' }).click()
  await page.getByRole('menuitemradio', { name: languages[lang] }).click()
  await expect(page.locator('html')).toHaveAttribute('lang', lang)
  await expect(page.getByRole('menu')).toHaveCount(0)
}

test('every page is readable and fits in both languages, wide and narrow, light and dark', async ({ page }) => {
  test.setTimeout(480_000)
  const dark = ['overview', 'failed', 'message', 'call', 'instance', 'order', 'products']
  const errors: string[] = []
  page.on('console', (said) => said.type() === 'error' && errors.push(`${page.url()}: ${said.text()}`))
  let lang: Language = 'en'
  for (const [name, address] of Object.entries(addresses)) {
    await test.step(name, async () => {
      // Loaded in the language the page before was left in.
      await page.goto(address)
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
      await expect(page.locator('html')).toHaveAttribute('lang', lang)
      await look(page, `${name} (${lang})`, [390, 1440])
      lang = lang === 'en' ? 'zh-CN' : 'en'
      // What is not there has no menu: one comes back to it.
      if (name === 'not-found') await page.goto('/')
      await choose(page, lang)
      if (name === 'not-found') await page.goto(address)
      await look(page, `${name} (${lang})`, [1440, 390])
      if (dark.includes(name)) {
        await page.emulateMedia({ colorScheme: 'dark' })
        // Colours change in steps, however fast.
        await expect.poll(() => page.evaluate(() => document.getAnimations().length)).toBe(0)
        await look(page, `${name} (dark)`, [1440])
        await page.emulateMedia({ colorScheme: 'light' })
      }
    })
  }
  expect(errors.filter((error) => !error.includes('404'))).toEqual([])
})

test('the language and the look are changed where one is, and kept', async ({ page }) => {
  await page.goto('/calls?view=calls')
  await choose(page, 'zh-CN')
  await expect(page.getByRole('heading', { name: '调用', exact: true })).toBeVisible()
  await expect(page).toHaveURL(/view=calls/)
  await page.getByRole('button', { name: 'admin@shop.example.com' }).click()
  await page.getByRole('menuitemradio', { name: '深色' }).click()
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
})

test('the navigation of a narrow screen opens, leads on and closes', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto('/')
  await expectLoaded(page)
  await page.getByRole('button', { name: 'Open navigation' }).click()
  await expectAccessible(page)
  await page
    .getByRole('dialog')
    .getByRole('link', { name: /^Instances/ })
    .click()
  await expect(page).toHaveURL(/\/instances/)
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await page.getByRole('list', { name: 'Instances' }).getByRole('listitem').first().click()
  await expect(page).toHaveURL(/\/instances\/.+/)
})

test('the keyboard reaches the content past the navigation', async ({ page }) => {
  await page.goto('/calls')
  await expectLoaded(page)
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('main')).toBeFocused()
})
