import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyEvent, type InstanceState, stateFromPurchase, writeSet } from './state'
import { changeStatus, correct, deliver, deliveryTrouble, type Refresh, refresh, release, upgrade } from './transitions'

const at = (day: number, hour = 0) => new Date(Date.UTC(2026, 0, day, hour))

const bought: InstanceState = {
  instanceId: 'i-1',
  purchaseKey: 'CS1-000001',
  state: 'active',
  protocol: 'saas-v2',
  businessId: 'b-1',
  productRef: null,
  productId: 'OFFI1',
  skuCode: 'sku-1',
  orderId: 'CS1',
  orderLineId: 'CS1-000001',
  customerId: 'c-1',
  customerName: null,
  test: false,
  trial: false,
  chargingMode: 'PERIOD',
  periodType: 'month',
  periodNumber: 1,
  quantity: null,
  expiresAt: at(31),
  expiryAsOf: null,
  statusAsOf: null,
  specAsOf: null,
  refundedOrders: [],
  frozenReason: null,
  frontEndUrl: 'https://app.example.com',
  deliveryType: 'template',
  deliveryState: 'delivered',
  deliveryCode: null,
  deliveryError: null,
  createdAt: at(1),
  deliveredAt: at(1),
  releasedAt: null,
}

const renewal = (order: string, expires: number, sent: number, more: Partial<Refresh> = {}): Refresh => ({
  scene: 'RENEWAL',
  order,
  expiresAt: at(expires),
  productId: null,
  liftsExpiry: false,
  sentAt: at(sent),
  ...more,
})

const run = (state: InstanceState, ...changes: Refresh[]) =>
  changes.reduce((current, change) => applyEvent(current, refresh(current, change)), state)

describe('renewals', () => {
  it('set the expiry the call names', () => {
    const state = run(bought, renewal('r1', 59, 20))
    expect(state.expiresAt).toEqual(at(59))
    expect(state.expiryAsOf).toEqual(at(20))
  })

  it('do not overwrite a newer one that arrived first', () => {
    const late = refresh(run(bought, renewal('r2', 90, 25)), renewal('r1', 59, 20))
    expect(late.applied).toBe(false)
    expect(late.reason).toContain('newer change')
  })

  it('do not come back after their refund', () => {
    const refund = renewal('r1', 31, 22, { scene: 'UNSUBSCRIBE_RENEWAL_PERIOD' })
    const refunded = run(bought, renewal('r1', 59, 20), refund)
    expect(refunded.expiresAt).toEqual(at(31))
    expect(run(refunded, renewal('r1', 59, 20)).expiresAt).toEqual(at(31))
    expect(run(bought, refund, renewal('r1', 59, 20)).expiresAt).toEqual(at(31))
  })

  it('refunds older than a later renewal do not shorten it', () => {
    const state = run(bought, renewal('r1', 59, 20), renewal('r2', 90, 25))
    const late = renewal('r0', 31, 22, { scene: 'UNSUBSCRIBE_RENEWAL_PERIOD' })
    expect(run(state, late).expiresAt).toEqual(at(90))
  })

  it('turn a trial formal, also to an earlier day, and once', () => {
    const trial = { ...bought, trial: true }
    const formal = run(trial, renewal('f1', 30, 10, { scene: 'TRIAL_TO_FORMAL', productId: 'OFFI2' }))
    expect(formal).toMatchObject({ trial: false, expiresAt: at(30), productId: 'OFFI2' })
    const renewed = run(formal, renewal('r1', 59, 20))
    expect(run(renewed, renewal('f1', 30, 10, { scene: 'TRIAL_TO_FORMAL' })).expiresAt).toEqual(at(59))
  })

  it('sent before a refund that names another order do not come back after it', () => {
    const refund = renewal('refund-of-r1', 31, 22, { scene: 'UNSUBSCRIBE_RENEWAL_PERIOD' })
    const late = refresh(run(bought, refund), renewal('r1', 59, 20))
    expect(late).toMatchObject({ applied: false, reason: expect.stringContaining('older') })
    expect(run(bought, refund, renewal('r2', 59, 23)).expiresAt).toEqual(at(59))
  })

  it('a conversion that arrives after a renewal does not shorten it', () => {
    const trial = { ...bought, trial: true }
    for (const sent of [10, 21]) {
      const late = run(trial, renewal('r1', 90, 20), renewal('f1', 59, sent, { scene: 'TRIAL_TO_FORMAL' }))
      expect(late).toMatchObject({ trial: false, expiresAt: at(90) })
    }
  })

  it('lift the freeze of an instance that still waits for its delivery without opening it', () => {
    const waiting = { ...bought, state: 'frozen', frozenReason: 'expired', deliveryState: 'waiting' } as const
    expect(run(waiting, renewal('r1', 59, 20, { liftsExpiry: true })).state).toBe('pending')
  })

  it('lift an expiry freeze in V1 only, and never a violation', () => {
    const expired = { ...bought, state: 'frozen', frozenReason: 'expired' } as const
    expect(run(expired, renewal('r1', 59, 20, { liftsExpiry: true })).state).toBe('active')
    expect(run(expired, renewal('r1', 59, 20)).state).toBe('frozen')
    const violation = { ...bought, state: 'frozen', frozenReason: 'status' } as const
    expect(run(violation, renewal('r1', 59, 20, { liftsExpiry: true })).state).toBe('frozen')
  })

  it('end at the same expiry in whatever order they arrive', () => {
    const orders = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(orders, fc.infiniteStream(fc.nat()), (days, random) => {
        const inOrder = days.sort((a, b) => a - b).map((day) => renewal(`r${day}`, 31 + day, day))
        const shuffled = inOrder
          .map((change) => ({ change, rank: random.next().value as number }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ change }) => change)
        expect(run(bought, ...shuffled).expiresAt).toEqual(run(bought, ...inOrder).expiresAt)
      }),
    )
  })
})

describe('status', () => {
  const freeze = (sent: number) => ({ status: 'FREEZE', cause: 'status', sentAt: at(sent) }) as const
  const unfreeze = (sent: number) => ({ status: 'UNFREEZE', cause: 'status', sentAt: at(sent) }) as const
  const apply = (state: InstanceState, change: Parameters<typeof changeStatus>[1]) => {
    const event = changeStatus(state, change)
    return event ? applyEvent(state, event) : state
  }

  it('freezes and unfreezes', () => {
    const frozen = apply(bought, freeze(2))
    expect(frozen).toMatchObject({ state: 'frozen', frozenReason: 'status' })
    expect(apply(frozen, unfreeze(3))).toMatchObject({ state: 'active', frozenReason: null })
  })

  it('says nothing about a repeat', () => {
    expect(changeStatus(apply(bought, freeze(2)), freeze(2))).toBeNull()
  })

  it('a change that finds nothing to do still outranks older ones', () => {
    const idle = apply(bought, unfreeze(5))
    expect(idle).toMatchObject({ state: 'active', statusAsOf: at(5) })
    expect(apply(idle, freeze(4)).state).toBe('active')
    const twice = apply(apply(bought, freeze(2)), freeze(5))
    expect(apply(twice, unfreeze(4)).state).toBe('frozen')
    expect(apply(twice, unfreeze(6)).state).toBe('active')
  })

  it('an older freeze does not undo a newer unfreeze', () => {
    const state = apply(apply(bought, freeze(2)), unfreeze(5))
    const late = changeStatus(state, freeze(4))
    expect(late).toMatchObject({ applied: false })
    expect(late?.reason).toContain('older')
  })

  it('never wakes a released instance', () => {
    const released = applyEvent(bought, release(bought, at(6)) as never)
    expect(released.state).toBe('released')
    expect(changeStatus(released, freeze(7))).toMatchObject({ applied: false })
    expect(release(released, at(8))).toBeNull()
    expect(deliver(released, { frontEndUrl: 'https://x.example' }, at(9)).applied).toBe(false)
  })

  it('an expiry older than the renewal it crossed is not applied', () => {
    const renewed = run(bought, renewal('r1', 59, 20))
    expect(changeStatus(renewed, { status: 'FREEZE', cause: 'expired', sentAt: at(19) })).toMatchObject({
      applied: false,
    })
  })

  it('a violation outlasts an expiry', () => {
    const both = apply(apply(bought, freeze(2)), { status: 'FREEZE', cause: 'expired', sentAt: at(3) })
    expect(both).toMatchObject({ state: 'frozen', frozenReason: 'status' })
  })
})

describe('specification, delivery, corrections', () => {
  it('an older upgrade does not replace a newer one', () => {
    const bigger = { order: 'u2', productId: 'P2', skuCode: 's2', quantity: { amount: 20 }, sentAt: at(9) }
    const state = applyEvent(bought, upgrade(bought, bigger))
    expect(state).toMatchObject({ productId: 'P2', skuCode: 's2', quantity: { amount: 20 } })
    expect(upgrade(state, { ...bigger, order: 'u1', sentAt: at(8) }).applied).toBe(false)
  })

  it('opens once and later only replaces the access data', () => {
    const pending = { ...bought, state: 'pending', deliveryState: 'waiting', deliveredAt: null } as const
    const open = applyEvent(pending, deliver(pending, { frontEndUrl: 'https://one.example' }, at(2)))
    expect(open).toMatchObject({ state: 'active', deliveredAt: at(2), frontEndUrl: 'https://one.example' })
    const replaced = applyEvent(open, deliver(open, { frontEndUrl: 'https://two.example' }, at(5), 'app-info:1'))
    expect(replaced).toMatchObject({ deliveredAt: at(2), frontEndUrl: 'https://two.example' })
  })

  it('reports the same trouble once', () => {
    const pending = { ...bought, deliveryState: 'waiting' } as const
    const trouble = { state: 'waiting', code: null, error: 'timed out' } as const
    const event = deliveryTrouble(pending, trouble, at(2))
    expect(event).toMatchObject({ applied: true, type: 'delivery-failed' })
    expect(deliveryTrouble(applyEvent(pending, event as never), trouble, at(3))).toBeNull()
  })

  it('calls it no failure when somebody is expected to finish it', () => {
    const pending = { ...bought, deliveryState: 'waiting' } as const
    const waiting = { state: 'waiting', code: null, error: 'waits for staff', expected: true } as const
    expect(deliveryTrouble(pending, waiting, at(2))).toMatchObject({
      type: 'delivery-waits',
      reason: 'waits for staff',
    })
  })

  it('corrects only what differs', () => {
    const why = { dedupeKey: 'k', reason: 'order query', at: at(2) }
    expect(correct(bought, { customerId: 'c-1', expiresAt: at(31) }, why)).toBeNull()
    expect(correct(bought, { customerId: 'c-2', expiresAt: at(31) }, why)?.set).toEqual({ customerId: 'c-2' })
  })

  it('a state survives being written into an event', () => {
    expect(stateFromPurchase({ set: writeSet(bought) })).toEqual(bought)
  })
})
