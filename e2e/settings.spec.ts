import { SHOP } from '@/sandbox/shop'
import { accessOf, addProduct, ask, buy, call, goods, setSeller, unique } from './support/shop'
import { expect, expectAccessible, test } from './support/test'
import { deskUrl } from './support/world'

test.use({ role: 'admin' })

type Credential = { id: string; name: string; active: boolean }

test.describe('products', () => {
  test('are added and changed, with a template that is tried while it is typed', async ({ page }) => {
    const product = { name: unique('看板 '), productId: unique('OFFI'), skuCode: unique('SKU') }
    await page.goto('/settings/products')
    await page.getByRole('button', { name: 'Add a product' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add a product' })
    await dialog.getByLabel('Name', { exact: true }).fill(product.name)
    await dialog.getByLabel('Product ids').fill(product.productId)
    await dialog.getByLabel('Front-end address').fill('https://board.example.com/{instanceID}')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await expect(dialog.getByText('{instanceID} is not a known placeholder')).toBeVisible()
    await expectAccessible(page)
    await dialog.getByLabel('Front-end address').fill('https://board.example.com/{customerId}')
    await expect(dialog.getByText(/^For example https:\/\/board\.example\.com\/\w+$/)).toBeVisible()
    await dialog.getByLabel('User name (optional)').fill('admin')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await expect(dialog).toBeHidden()
    // What says so lies over the actions of the rows below.
    const said = page.getByRole('listitem').filter({ hasText: `${product.name} was added` })
    await expect(said).toBeInViewport({ ratio: 1 })
    const under = await said.evaluate((item) => {
      const { left, top, width, height } = item.getBoundingClientRect()
      const hit = document.elementFromPoint(left + width / 2, top + height / 2)
      return item.contains(hit) ? 'the word of success' : hit?.closest('#content') ? 'the page' : 'something else'
    })
    expect(under).toBe('the page')
    const first = await buy(product)
    expect(await accessOf(first.instanceId)).toMatchObject({
      frontEndUrl: `https://board.example.com/${first.buyer.customerId}`,
      userName: 'admin',
      password: expect.stringMatching(/^.{16}$/),
    })

    await page.getByRole('button', { name: `Actions for ${product.name}` }).click()
    await page.getByRole('menuitem', { name: 'Edit' }).click()
    const editor = page.getByRole('dialog', { name: `Edit ${product.name}` })
    await expect(editor.getByLabel('Front-end address')).toHaveValue('https://board.example.com/{customerId}')
    await editor.getByLabel('Front-end address').fill('https://board.example.com/t/{orderId}')
    await editor.getByLabel('First password').selectOption('None')
    await editor.getByRole('button', { name: 'Save' }).click()
    await expect(editor).toBeHidden()
    const second = await buy(product)
    expect(await accessOf(second.instanceId)).toEqual({
      frontEndUrl: `https://board.example.com/t/${second.orderId}`,
      userName: 'admin',
    })

    await page.getByRole('button', { name: `Actions for ${product.name}` }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    const asked = page.getByRole('dialog', { name: `Delete ${product.name}?` })
    await expect(asked.getByRole('button', { name: 'Cancel' })).toBeFocused()
    await asked.getByRole('button', { name: 'Delete' }).click()
    await expect(page.getByRole('row').filter({ hasText: product.name })).toHaveCount(0)
  })

  test('fill their pool from a CSV file that is looked through first', async ({ page }) => {
    const product = await addProduct({ type: 'pool' })
    await page.goto('/settings/products')
    const row = page.getByRole('row').filter({ hasText: product.name })
    await expect(row).toContainText('0 left')
    await page.getByRole('button', { name: `Fill the pool of ${product.name}` }).click()
    const dialog = page.getByRole('dialog', { name: `Fill the pool of ${product.name}` })
    const accounts = [
      '\ufefffrontEndUrl,adminUrl,userName,password,memo',
      'https://board.example.com/1,,甲,Init-1,"首次登录,请改密码"',
      'board.example.com/2,,乙,Init-2,',
      'https://board.example.com/3,,丙,Init-3,',
      'https://board.example.com/1,,甲,Init-1,"首次登录,请改密码"',
    ]
    const file = { name: 'pool.csv', mimeType: 'text/csv', buffer: Buffer.from(accounts.join('\r\n')) }
    await dialog.getByLabel('CSV file').setInputFiles(file)
    await expect(dialog.getByText('4 rows: 2 to add, 1 known already, 1 with errors.')).toBeVisible()
    const faults = dialog.getByRole('table', { name: 'Rows with errors' })
    await expect(faults.getByRole('row').nth(1)).toContainText(/^3.*frontEndUrl/)
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Add 2 accounts' }).click()
    await expect(dialog).toBeHidden()
    await expect(row).toContainText('2 left')
    const { instanceId } = await buy(product)
    expect(await accessOf(instanceId)).toMatchObject({ frontEndUrl: 'https://board.example.com/1', userName: '甲' })
  })

  test('try their webhook', async ({ page }) => {
    const { name } = goods('webhook')
    await page.goto('/settings/products')
    await page.getByRole('button', { name: `Actions for ${name}` }).click()
    await page.getByRole('menuitem', { name: 'Test the webhook' }).click()
    const dialog = page.getByRole('dialog', { name: `Test the webhook of ${name}` })
    await expect(dialog).toContainText('It answered with app info')
    await setSeller('error')
    await dialog.getByRole('button', { name: 'Test again' }).click()
    await expect(dialog).toContainText('The call failed')
    await expect(dialog).toContainText('The webhook answered 500.')
    await setSeller('refuse')
    await dialog.getByRole('button', { name: 'Test again' }).click()
    await expect(dialog).toContainText('It refused the purchase')
    await expectAccessible(page)
  })
  test.afterEach(() => setSeller('ok'))
})

test.describe('credentials', () => {
  test.afterEach(async () => {
    const { items } = await ask<{ items: Credential[] }>('GET', '/credentials')
    const first = items.find(({ name }) => name === '基础接口密钥') as Credential
    await ask('PATCH', `/credentials/${first.id}`, { active: true })
  })

  test('are exchanged without a gap', async ({ page }) => {
    const second = { name: unique('base-'), key: unique('second-base-key-') }
    const signedBy = async (key: string) => (await call('queryInstance', { instanceId: 'nobody' }, { key })).resultCode
    expect(await signedBy(second.key)).toBe('000001')
    await page.goto('/settings/credentials')
    await page.getByRole('button', { name: 'Add a credential' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add a credential' })
    await dialog.getByRole('button', { name: 'Save' }).click()
    await expect(dialog.getByText('This is needed')).toHaveCount(2)
    await dialog.getByLabel('Name').fill(second.name)
    await dialog.getByLabel('Key', { exact: true }).fill(second.key)
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Save' }).click()
    const row = page.getByRole('row').filter({ hasText: second.name })
    await expect(row).toContainText(`…${second.key.slice(-4)}`)
    await expect(row).toContainText('Never')
    await expect(page.getByRole('main')).not.toContainText(second.key)
    expect(await signedBy(SHOP.baseKey)).toBe('000003')
    expect(await signedBy(second.key)).toBe('000003')

    await page.getByRole('button', { name: 'Actions for 基础接口密钥' }).click()
    await page.getByRole('menuitem', { name: 'Deactivate' }).click()
    const asked = page.getByRole('dialog', { name: 'Deactivate 基础接口密钥?' })
    await expect(asked).not.toContainText('last active')
    await asked.getByRole('button', { name: 'Deactivate' }).click()
    await expect(page.getByRole('row').filter({ hasText: '基础接口密钥' })).toContainText('Inactive')
    await expect.poll(() => signedBy(SHOP.baseKey)).toBe('000001')
    expect(await signedBy(second.key)).toBe('000003')

    await page.getByRole('button', { name: `Actions for ${second.name}` }).click()
    await page.getByRole('menuitem', { name: 'Deactivate' }).click()
    await expect(
      page.getByText('This is the last active Base key: every request of that kind will fail.'),
    ).toBeVisible()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Actions for 基础接口密钥' }).click()
    await page.getByRole('menuitem', { name: 'Activate' }).click()
    await expect(page.getByRole('row').filter({ hasText: '基础接口密钥' })).not.toContainText('Inactive')
    await page.getByRole('button', { name: `Actions for ${second.name}` }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await expect(row).toHaveCount(0)
  })
})

test('staff are added, given another role, and locked out', async ({ page, browser }) => {
  const email = `${unique('new-').toLowerCase()}@shop.example.com`
  const password = 'long enough 2026'
  await page.goto('/settings/staff')
  await page.getByRole('button', { name: 'Add a user' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add a user' })
  await dialog.getByLabel('E-mail').fill('admin@shop.example.com')
  await dialog.getByLabel('Role').selectOption('Viewer')
  await dialog.getByLabel('Password').fill(password)
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog.getByRole('alert')).toBeVisible()
  await expect(dialog.getByLabel('Password')).toHaveValue(password)
  await expectAccessible(page)
  await dialog.getByLabel('E-mail').fill(email)
  await dialog.getByRole('button', { name: 'Save' }).click()
  const row = page.getByRole('row').filter({ hasText: email })
  await expect(row).toContainText(/Viewer.*Active.*Never/)

  const context = await browser.newContext({
    baseURL: deskUrl,
    locale: 'en-US',
    storageState: { cookies: [], origins: [] },
  })
  const theirs = await context.newPage()
  await theirs.goto('/sign-in')
  await theirs.getByLabel('E-mail').fill(email)
  await theirs.getByLabel('Password').fill(password)
  await theirs.getByRole('button', { name: 'Sign in' }).click()
  await expect(theirs.getByRole('button', { name: email })).toContainText('Viewer')

  await page.getByRole('button', { name: `Actions for ${email}` }).click()
  await page.getByRole('menuitem', { name: 'Change role' }).click()
  const role = page.getByRole('dialog', { name: `Role of ${email}` })
  await role.getByLabel('Role').selectOption('Operator')
  await expect(role.getByText('Replays, delivers and notifies.')).toBeVisible()
  await role.getByRole('button', { name: 'Save' }).click()
  await expect(row).toContainText('Operator')

  await page.getByRole('button', { name: `Actions for ${email}` }).click()
  await page.getByRole('menuitem', { name: 'Deactivate' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Deactivate' }).click()
  await expect(row).toContainText('Inactive')
  await theirs.goto('/calls')
  await expect(theirs).toHaveURL(/\/sign-in/)
  await context.close()
  await page.getByRole('button', { name: 'Actions for admin@shop.example.com' }).click()
  await expect(page.getByRole('menuitem', { name: 'Deactivate' })).toBeDisabled()
})

test('an API token is shown once, works, and is revoked', async ({ page }) => {
  const name = unique('ci-')
  await page.goto('/settings/tokens')
  await page.getByRole('button', { name: 'Make a token' }).click()
  const dialog = page.getByRole('dialog', { name: 'Make a token' })
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByLabel('Role').selectOption('Viewer')
  await dialog.getByRole('button', { name: 'Make', exact: true }).click()
  const made = page.getByRole('dialog', { name: 'The token was made' })
  const token = (await made.locator('code').textContent()) as string
  expect(token).toMatch(/^desk_\S{20,}$/)
  await expectAccessible(page)
  await made.getByRole('button', { name: 'Done' }).click()
  await expect(page.getByRole('row').filter({ hasText: name })).toContainText(/Viewer.*Active/)
  await page.reload()
  await expect(page.getByRole('row').filter({ hasText: name })).toContainText(token.slice(-4))
  expect(await page.content()).not.toContain(token)

  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  const answer = (method: string, path: string) => fetch(`${deskUrl}/api/v1${path}`, { method, headers })
  expect((await answer('GET', '/calls?limit=1')).status).toBe(200)
  expect((await answer('GET', '/audit')).status).toBe(403)
  await page.getByRole('button', { name: `Revoke ${name}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await expect(page.getByRole('row').filter({ hasText: name })).toContainText('Revoked')
  await expect.poll(async () => (await answer('GET', '/calls?limit=1')).status).toBe(401)
})

test('the audit log finds who did what', async ({ page }) => {
  const product = await addProduct({ type: 'manual' })
  await page.goto('/settings/audit')
  await page.getByLabel('Search actor, action or id').fill(product.id)
  const entry = page.getByRole('row').nth(1)
  await expect(entry).toContainText(/演示\s*API\s*Added a product/)
  await expect(entry).toContainText('Product')
  await page.getByRole('button', { name: 'Subject' }).click()
  await page.getByRole('option', { name: 'API token' }).click()
  await expect(page.getByText('Nothing matches')).toBeVisible()
  await expect(page).toHaveURL(new RegExp(`q=${product.id}&subject=token`))
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await expect(page).toHaveURL(/\/settings\/audit$/)
  await expect(page.getByRole('row').nth(5)).toBeVisible()
})
