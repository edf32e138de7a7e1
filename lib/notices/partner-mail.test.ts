import { describe, expect, it } from 'vitest'
import { composePartnerMail, type PartnerMailFacts } from './partner-mail'

const facts: PartnerMailFacts = {
  activity: 'newInstance',
  productName: '团队聊天',
  productId: 'OFFI1',
  orderId: 'CS2211181819B4LVS',
  orderLineId: 'CS2211181819B4LVS-000001',
  instanceId: '0197-instance',
  firstAt: new Date('2026-03-01T23:04:05Z'),
  lastAt: new Date('2026-03-02T00:04:05Z'),
  attempts: 5,
  resultCode: '000100',
  resultMsg: 'no prepared account is left',
  fixedAt: new Date('2026-03-02T01:00:00Z'),
  fixed: 'The pool was filled again.\nIt will be watched.',
}

describe('composePartnerMail', () => {
  it('tells the same in Chinese and in English', () => {
    const { to, subject, zh, en } = composePartnerMail(facts)
    expect(to).toBe('partner@huaweicloud.com')
    expect(subject).toBe('[KooGallery] 生产接口消息 / Production interface message: newInstance CS2211181819B4LVS')
    expect(zh.split('\n')).toEqual(
      expect.arrayContaining([
        '商品：团队聊天 · OFFI1',
        '场景：newInstance · 新购商品',
        '订单号：CS2211181819B4LVS',
        '订单行号：CS2211181819B4LVS-000001',
        '实例 ID：0197-instance',
        '首次调用时间：2026-03-02 07:04:05（北京时间），2026-03-01 23:04:05 UTC',
        '调用次数：5',
        '错误：000100 · 无可用实例资源分配 · no prepared account is left',
        '重放成功时间：2026-03-02 09:00:00（北京时间），2026-03-02 01:00:00 UTC',
      ]),
    )
    expect(en.split('\n')).toEqual(
      expect.arrayContaining([
        'Product: 团队聊天 · OFFI1',
        'Activity: newInstance · new purchase',
        'Order: CS2211181819B4LVS',
        'Latest call: 2026-03-02 00:04:05 UTC (2026-03-02 08:04:05 Beijing time)',
        'Calls: 5',
        'Error: 000100 · no instance resource is left to allot · no prepared account is left',
        'Replayed with success: 2026-03-02 01:00:00 UTC (2026-03-02 09:00:00 Beijing time)',
      ]),
    )
    for (const text of [zh, en]) expect(text).toContain('The pool was filled again.\nIt will be watched.')
  })

  it('asks for patience while nothing is repaired, and leaves out what is not known', () => {
    const bare = { ...facts, productName: null, productId: null, orderId: null, orderLineId: null }
    const { subject, zh, en } = composePartnerMail({
      ...bare,
      resultCode: null,
      resultMsg: null,
      fixedAt: null,
      fixed: null,
    })
    expect(subject).toContain('newInstance 0197-instance')
    expect(zh).toContain('问题正在处理中')
    expect(en).toContain('We are working on it.')
    for (const text of [zh, en]) expect(text).not.toMatch(/null|undefined|订单号|Order:|错误|Error:|Product|商品：/)
  })

  it('keeps its form whatever came over the wire', () => {
    const odd = 'x\r\nBcc: a@example.com\u0000'
    const { subject, zh, en } = composePartnerMail({
      ...facts,
      activity: odd,
      orderId: odd,
      resultCode: '999999',
      resultMsg: odd,
    })
    expect(subject).toMatch(/^\P{Cc}+$/u)
    for (const text of [zh, en]) expect(text).not.toMatch(/^Bcc:/m)
    expect(en).toContain('Error: 999999 · x Bcc: a@example.com')
  })
})
