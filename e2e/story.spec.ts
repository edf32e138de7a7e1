import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'
import { SHOP } from '@/sandbox/shop'
import { ask, buy, goods, messageOf, setSeller, tried } from './support/shop'
import { expect, expectAccessible, test } from './support/test'
import { ports } from './support/world'

type Mail = { from: string; to: string[]; headers: string; text: string }

const received: Mail[] = []
const mailServer = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, session, done) {
    text(stream).then((raw) => {
      const [headers = '', body = ''] = raw.split(/\r\n\r\n([\s\S]*)/)
      const { mailFrom, rcptTo } = session.envelope
      const from = mailFrom ? mailFrom.address : ''
      received.push({ from, to: rcptTo.map(({ address }) => address), headers, text: decode(headers, body) })
      done()
    }, done)
  },
})

/** The body of a mail of one part. */
function decode(headers: string, body: string): string {
  if (/^content-transfer-encoding: base64/im.test(headers)) return Buffer.from(body, 'base64').toString('utf8')
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8').replaceAll('\r\n', '\n')
}

test.beforeAll(async () => {
  mailServer.listen(ports.smtp, '127.0.0.1')
  await once(mailServer.server, 'listening')
})

test.afterAll(async () => {
  await setSeller('ok')
  await new Promise<void>((resolve) => mailServer.close(resolve))
})

test.describe('an operator', () => {
  test.use({ role: null })

  test('mends a purchase that failed, from the list of failures to the mail that tells of it', async ({ page }) => {
    test.setTimeout(120_000)
    const mailer = goods('webhook')
    await setSeller('refuse')
    const { orderId, again, instanceId } = await buy(mailer)
    const attempts = await again()
    expect(attempts.resultCode).toBe('000100')

    await test.step('signs in and sees the failure with the time that is left', async () => {
      await page.goto('/')
      await page.getByLabel('E-mail').fill('ops@shop.example.com')
      await page.getByLabel('Password').fill(SHOP.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible()
      await page.getByRole('link', { name: /^Calls/ }).click()
      await page.getByLabel('Search by id').fill(orderId)
      await expect(page).toHaveURL(new RegExp(`q=${orderId}`))
      const row = page.getByRole('row').filter({ hasText: orderId })
      await expect(row).toContainText('New purchase')
      await expect(row).toContainText('No resource left')
      await expect(row).toContainText(/(3 h 0|2 h 5\d) min/)
      await row.getByRole('link').click()
    })

    await test.step('reads what was asked, what was answered, and that the signature was right', async () => {
      await expect(page.getByRole('heading', { name: 'New purchase' })).toBeVisible()
      await expect(page.getByText(/keeps retrying for (3 h 0|2 h 5\d) min/)).toBeVisible()
      await expect(page.getByRole('tabpanel')).toContainText(`"${orderId}"`)
      await page.getByRole('tab', { name: 'Answer' }).click()
      await expect(page.getByRole('tabpanel')).toContainText('"000100"')
      await expect(page.getByRole('tabpanel')).toContainText('邮箱资源池已满')
      await page.getByRole('tab', { name: 'Signature' }).click()
      await expect(page.getByText('The signature is right; it was made with 基础接口密钥.')).toBeVisible()
      await expectAccessible(page)
    })

    await tried(instanceId, 3)
    await setSeller('ok')

    await test.step('replays it with a note', async () => {
      await page.getByRole('button', { name: 'Replay', exact: true }).click()
      const dialog = page.getByRole('dialog', { name: 'Replay this message' })
      await dialog.getByLabel('Note (optional)').fill('邮箱资源池已扩容')
      await expectAccessible(page)
      await dialog.getByRole('button', { name: 'Replay', exact: true }).click()
      await expect(dialog).toContainText('The replay succeeded')
      await expect(dialog.getByRole('row', { name: /^state/ })).toContainText('active')
      await dialog.getByRole('button', { name: 'Notify partner' }).click()
    })

    await test.step('edits and sends the mail in both languages', async () => {
      const dialog = page.getByRole('dialog', { name: 'Notify the partner desk' })
      await expect(dialog.getByLabel('To')).toHaveValue('partner@huaweicloud.com')
      const chinese = dialog.getByLabel('Chinese')
      await expect(chinese).toHaveValue(new RegExp(`订单号：${orderId}`))
      await expect(chinese).toHaveValue(/邮箱资源池已扩容/)
      await expect(dialog.getByLabel('English')).toHaveValue(new RegExp(`Order: ${orderId}`))
      await chinese.fill(`${await chinese.inputValue()}\n联系人：王工`)
      await expectAccessible(page)
      await dialog.getByRole('button', { name: 'Send' }).click()
      await expect(dialog).toBeHidden()
    })

    const [mail] = received
    expect(received).toHaveLength(1)
    expect(mail).toMatchObject({ from: 'desk@shop.example.com', to: ['partner@huaweicloud.com'] })
    for (const said of [orderId, instanceId, mailer.name, '000100', '联系人：王工', 'Dear KooGallery team']) {
      expect(mail?.text).toContain(said)
    }
    expect(mail?.text).not.toContain(SHOP.baseKey)

    await test.step('finds replay and mail on the message', async () => {
      await expect(page.getByText('Succeeded', { exact: true })).toBeVisible()
      const timeline = page.getByRole('list', { name: 'Attempts' })
      await expect(timeline.getByRole('listitem')).toHaveCount(3)
      await expect(timeline.getByRole('listitem').first()).toContainText(/Success 000000.*Replay.*ops@shop.example.com/)
      const notices = page.locator('section', { has: page.getByRole('heading', { name: 'Notices' }) })
      await expect(notices).toContainText('Sent')
      await expect(notices).toContainText('partner@huaweicloud.com · ops@shop.example.com')
    })

    const { items } = await ask<{ items: object[] }>('GET', `/audit?subject=message&target=${await messageOf(orderId)}`)
    const actor = 'ops@shop.example.com'
    expect(items).toEqual([
      expect.objectContaining({
        action: 'notice.send',
        actor,
        data: expect.objectContaining({ to: 'partner@huaweicloud.com' }),
      }),
      expect.objectContaining({
        action: 'message.replay',
        actor,
        data: expect.objectContaining({ note: '邮箱资源池已扩容' }),
      }),
    ])
  })
})
