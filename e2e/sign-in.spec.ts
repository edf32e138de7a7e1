import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type RunningDesk, startDesk } from './endurance/desk'
import { expect, expectAccessible, test } from './support/test'
import { ports } from './support/world'

// A desk of its own with nobody in it: wrong passwords count against an address, and all tests have the same.
test.use({ role: null, baseURL: `http://127.0.0.1:${ports.spare}` })

const admin = { email: 'boss@shop.example.com', password: 'correct horse 2026' }
let desk: RunningDesk
let dataDir: string

test.beforeAll(async () => {
  test.setTimeout(150_000)
  dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-sign-in-'))
  desk = await startDesk({ dataDir, port: ports.spare })
})

test.afterAll(async () => {
  await desk?.stop()
  fs.rmSync(dataDir, { recursive: true, force: true })
})

test('the first administrator comes in by the link, once; strangers stay outside', async ({ page, request }) => {
  const link = desk.output().match(/http:\S+\/set-up\?token=\S+/)?.[0] as string
  await test.step('the link makes an administrator', async () => {
    await page.goto(link)
    await page.getByLabel('E-mail').fill(admin.email)
    await page.getByLabel('Password', { exact: true }).fill('short')
    await page.getByLabel('Password again').fill('other')
    await page.getByRole('button', { name: 'Create' }).click()
    await expect(page.getByRole('alert').filter({ hasText: /^At least \d+ characters$/ })).toBeVisible()
    await expect(page.getByText('The two passwords differ')).toBeVisible()
    await expectAccessible(page)
    await page.getByLabel('Password', { exact: true }).fill(admin.password)
    await page.getByLabel('Password again').fill(admin.password)
    await page.getByRole('button', { name: 'Create' }).click()
    await expect(page).toHaveURL(/\/sign-in/)
    await expect(page.getByText('The administrator was created. Sign in now.')).toBeVisible()
  })

  await test.step('it does not work twice', async () => {
    await page.goto(link)
    await page.getByLabel('E-mail').fill('intruder@example.com')
    await page.getByLabel('Password', { exact: true }).fill(admin.password)
    await page.getByLabel('Password again').fill(admin.password)
    await page.getByRole('button', { name: 'Create' }).click()
    await expect(page.getByText('This link does not work any more')).toBeVisible()
  })

  const enter = async (email: string, password: string) => {
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  await test.step('a wrong password is told in the language of the reader', async () => {
    await page.goto('/instances?state=active')
    await expect(page).toHaveURL(/\/sign-in\?callbackUrl=/)
    await enter(admin.email, 'wrong horse')
    await expect(page.getByText('E-mail and password do not fit.')).toBeVisible()
    await expect(page.getByLabel('E-mail')).toHaveValue(admin.email)
    await expectAccessible(page)
    await page.getByRole('button', { name: '简体中文' }).click()
    await expect(page.getByRole('heading', { name: '登录' })).toBeVisible()
    await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN')
    await page.getByRole('button', { name: 'English' }).click()
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  })

  await test.step('the right one leads to where one wanted to go', async () => {
    await enter(admin.email, admin.password)
    await expect(page).toHaveURL(/\/instances\?state=active$/)
    await page.getByRole('link', { name: 'Overview' }).click()
    await expect(page.getByText('No failed messages')).toBeVisible()
    await page.getByRole('link', { name: 'Instances' }).click()
    await expect(page.getByText('No instances yet')).toBeVisible()
    await page.getByRole('link', { name: 'Settings' }).click()
    await expect(page.getByText('No products yet')).toBeVisible()
  })

  await test.step('leaving ends the session', async () => {
    await page.getByRole('button', { name: admin.email }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await expect(page).toHaveURL(/\/sign-in/)
    await page.goto('/calls')
    await expect(page).toHaveURL(/\/sign-in/)
  })

  await test.step('who keeps guessing has to wait, whatever he tries then', async () => {
    const { csrfToken } = await (await request.get('/api/auth/csrf')).json()
    const form = { csrfToken, email: admin.email, password: 'guessed', json: 'true' }
    for (let guesses = 0; guesses < 10; guesses += 1) await request.post('/api/auth/callback/credentials', { form })
    await enter(admin.email, admin.password)
    await expect(page.getByText('Too many tries. Wait 15 minutes and try again.')).toBeVisible()
    await page.getByRole('button', { name: '简体中文' }).click()
    await expect(page.getByText('尝试次数过多，请 15 分钟后再试。')).toBeVisible()
  })
})
