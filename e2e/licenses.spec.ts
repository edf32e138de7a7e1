import en from '@/messages/en.json' with { type: 'json' }
import zh from '@/messages/zh-CN.json' with { type: 'json' }
import { SHOP } from '@/sandbox/shop'
import { ask, buy, call, setSeller, unique } from './support/shop'
import { expect, expectAccessible, test } from './support/test'
import { marketplaceUrl, sellerUrl } from './support/world'

type License = { id: string; state: string; license: string | null }

async function addLicenseProduct(kind: string, delivery: object): Promise<string> {
  const productId = unique('OFFI')
  await ask('POST', '/products', { name: unique('License '), kind, productIds: [productId], delivery })
  return productId
}

const found = async (q: string) =>
  (await ask<{ items: License[] }>('GET', `/licenses?test=false&q=${encodeURIComponent(q)}`)).items[0]

async function control(json: object): Promise<void> {
  const response = await fetch(`${marketplaceUrl}/sandbox/control`, { method: 'POST', body: JSON.stringify(json) })
  expect(response.ok).toBe(true)
}

test.afterAll(() => setSeller('ok'))

for (const [locale, words] of [
  ['zh-CN', zh],
  ['en-US', en],
] as const) {
  test.describe(locale, () => {
    test.use({ locale })

    test(`a licence order that failed is issued by hand and fetched by the next call (${locale})`, async ({ page }) => {
      test.setTimeout(90_000)
      const productId = await addLicenseProduct('license-id', {
        type: 'webhook',
        url: `${sellerUrl}/licences`,
        secret: SHOP.webhookSecret,
      })
      await setSeller('refuse')
      const orderId = unique('CSLIC')
      const customerName = unique('License 客户 ')
      const ask1 = () => call('getLicense', { orderId, productId, customerName }, { version: 'v1' })
      expect(await ask1()).toMatchObject({ resultCode: '000100', bodySignOk: true, license: null })

      await page.goto('/')
      const menu = page.getByRole('navigation', { name: words.shell.menu })
      await menu.getByRole('link', { name: new RegExp(`^${words.shell.licenses}`) }).click()
      await expect(page.getByRole('heading', { level: 1, name: words.licenses.title })).toBeVisible()
      await page.getByLabel(words.licenses.searchLabel).fill(orderId)
      await expect(page).toHaveURL(new RegExp(orderId))
      const row = page.getByRole('row').filter({ hasText: orderId })
      await expect(row).toContainText(words.licenses.states.waiting)
      await expect(row).toContainText(words.licenses.reasons['webhook-refused'])
      await expectAccessible(page)
      await row.getByRole('link').first().click()
      await expect(page.getByRole('heading', { level: 1 })).toContainText(customerName)
      await expect(page.getByRole('alert').filter({ hasText: '000100' })).toContainText('邮箱资源池已满')

      await page.getByRole('button', { name: words.license.issue }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('button', { name: words.license.issueNow, exact: true }).click()
      await expect(dialog.getByRole('alert')).toContainText(words.license.textNeeded)
      await dialog.getByLabel(words.license.text).fill(`BY-HAND-${orderId}`)
      await expectAccessible(page)
      await dialog.getByRole('button', { name: words.license.issueNow, exact: true }).click()
      await expect(page.getByText(words.license.issued, { exact: true })).toBeVisible()
      await expect(page.getByRole('heading', { level: 1 })).toContainText(words.licenses.states.issued)
      await expect(page.getByText(words.licenses.nextEvents.retry)).toBeVisible()

      expect(await ask1()).toMatchObject({ resultCode: '000000', license: `BY-HAND-${orderId}`, bodySignOk: true })
      await expect(page.getByRole('heading', { level: 1 })).toContainText(words.licenses.states.active)
      await expect(page.getByText(words.license.events.fetched)).toBeVisible()
      await expect(page.getByText(`BY-HAND-${orderId}`)).toHaveCount(0)
      const { items } = await ask<{ items: { state: string }[] }>('GET', `/messages?q=${orderId}`)
      expect(items).toMatchObject([{ state: 'succeeded' }])
    })

    test(`a code is activated, and a refusal says what to do (${locale})`, async ({ page }) => {
      const code = unique('PL')
      await ask('POST', '/licenses', { licenses: [{ license: code, customerName: unique('授权码 ') }] })
      const license = await found(code)
      await control({ licenses: [{ license: code, status: 'GENERATED' }] })
      await page.clock.install()
      await page.goto(`/licenses/${license?.id}`)
      const activate = async () => {
        await page.getByRole('button', { name: words.license.activate }).click()
        await page.getByRole('dialog').getByRole('button', { name: words.license.activate }).click()
      }
      await activate()
      await expect(page.getByText(words.licenses.advice['92020004']).first()).toBeVisible()
      await expect(page.getByText(words.licenses.reasons['not-collected']).first()).toBeVisible()
      await control({ licenses: [{ license: code, status: 'COLLECTED', orderId: 'CSCODE1' }] })
      await activate()
      await expect(page.getByRole('heading', { level: 1 })).toContainText(words.licenses.states.active)
      await page.getByRole('button', { name: words.license.query }).click()
      await expect(page.getByText(words.license.queried, { exact: true })).toBeVisible()
      await call('updateLicenseCodeStatus', { license: code, status: 'FREEZE' })
      await page.clock.fastForward('00:10')
      await expect(page.getByRole('heading', { level: 1 })).toContainText(words.licenses.states.frozen)
      await expect(page.getByText(code)).toHaveCount(0)
    })
  })
}

test('a device’s application is answered with a file that the marketplace gets', async ({ page }) => {
  const productId = await addLicenseProduct('license-online', { type: 'manual' })
  const { instanceId } = await buy({ name: 'online', productId, skuCode: unique('SKU') }, { productId })
  const eventId = unique('event-')
  expect(await call('getLicenseAsync', { instanceId, eventId })).toMatchObject({ resultCode: '000004' })
  const license = await found(eventId)
  await page.goto(`/licenses/${license?.id}`)
  await page.getByRole('button', { name: en.license.issue }).click()
  const file = { name: 'device.lic', mimeType: 'application/octet-stream', buffer: Buffer.from([1, 2, 0, 255, 13, 10]) }
  await page.getByRole('dialog').locator('input[type=file]').setInputFiles(file)
  await page.getByRole('dialog').getByRole('button', { name: en.license.issueNow, exact: true }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText(en.licenses.states.active, { timeout: 30_000 })
  const state = (await (await fetch(`${marketplaceUrl}/sandbox/control`)).json()) as { uploads: object[] }
  expect(state.uploads).toContainEqual({ eventId, type: 'FILE', characters: null, fileName: 'device.lic', bytes: 6 })
  const again = await call('getLicenseAsync', { instanceId, eventId })
  expect(['000000', '000004']).toContain(again.resultCode)
})

test.describe('an administrator', () => {
  test.use({ role: 'admin' })

  test('reveals a licence, which is recorded, and imports codes from a file', async ({ page }) => {
    const code = unique('PLX')
    await page.goto('/licenses')
    await page.getByRole('button', { name: en.licenses.import }).first().click()
    const csv = `license,orderId,kind\n${code},CSIMPORT,\n,CSBAD,\n`
    const dialog = page.getByRole('dialog')
    const file = { name: 'codes.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) }
    await dialog.locator('input[type=file]').setInputFiles(file)
    await expect(dialog.getByText('2 rows: 1 to add, 0 known already, 1 with errors.')).toBeVisible()
    await dialog.getByRole('button', { name: 'Add 1' }).click()
    await expect(dialog).toHaveCount(0)
    await page.getByLabel(en.licenses.searchLabel).fill(code)
    await page.getByRole('row').filter({ hasText: 'CSIMPORT' }).getByRole('link').first().click()
    await page.getByRole('button', { name: en.license.reveal }).click()
    await page.getByRole('dialog').getByRole('button', { name: en.license.reveal }).click()
    await expect(page.getByText(code, { exact: true })).toBeVisible()
    await expect(page.getByText(en.words.action.license_reveal)).toBeVisible({ timeout: 20_000 })
  })
})
