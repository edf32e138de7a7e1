import { recordAudit } from '@/lib/audit'
import { changeCredential, insertCredential } from '@/lib/credentials'
import { prisma, type Tx } from '@/lib/db/client'
import { lockFor } from '@/lib/db/lock'
import { DeskError } from '@/lib/errors'
import { invalid, parseInput } from '@/lib/input'
import { findClaim, writeProduct } from '@/lib/products'
import {
  changeToken,
  changeUser,
  forgetSessions,
  forgetTokens,
  hashPassword,
  insertToken,
  insertUser,
  verifyPassword,
} from '@/lib/users'
import { type Context, requireRole } from '@/lib/users/context'
import { type SetupDocument, setupSchema } from './document'

/** Things by kind and name, such as `product Team chat`. */
export type SetupOutcome = { created: string[]; changed: string[]; unchanged: string[] }

type State = 'created' | 'changed' | 'unchanged'
type Note = (state: State, what: string) => void

/**
 * Brings the desk to what the document says, all of it or nothing; the same document again changes nothing. Things are
 * found again by name, users by mail. Errors: invalid and conflict, naming the member by its path.
 */
export async function applySetup(doc: unknown, ctx: Context): Promise<SetupOutcome> {
  requireRole(ctx, 'admin')
  const wanted = parseInput(setupSchema, doc)
  const passwords = await preparePasswords(wanted.users)
  const outcome: SetupOutcome = { created: [], changed: [], unchanged: [] }
  const note: Note = (state, what) => outcome[state].push(what)
  const touched = await prisma().$transaction(
    async (tx) => {
      for (const name of ['users', 'tokens', 'configuration'] as const) await lockFor(tx, name)
      await applyCredentials(tx, ctx, wanted.credentials, note)
      await applyProducts(tx, ctx, wanted, note)
      const touched = await applyUsers(tx, ctx, wanted.users, passwords, note)
      await applyTokens(tx, ctx, wanted.apiTokens, note)
      return touched
    },
    { timeout: 60_000 },
  )
  touched.forEach(forgetSessions)
  forgetTokens()
  return outcome
}

async function applyCredentials(tx: Tx, ctx: Context, wanted: SetupDocument['credentials'], note: Note) {
  for (const [index, credential] of wanted.entries()) {
    const row = await tx.credential.findUnique({ where: { name: credential.name } })
    const state = await at(`credentials[${index}]`, async () => {
      if (row) return (await changeCredential(tx, ctx, row, credential)) ? 'changed' : 'unchanged'
      await insertCredential(tx, ctx, credential)
      return 'created'
    })
    note(state, `credential ${credential.name}`)
  }
}

async function applyProducts(tx: Tx, ctx: Context, { products, defaultProduct }: SetupDocument, note: Note) {
  for (const [index, { delivery, ...product }] of products.entries()) {
    const row = await tx.product.findUnique({ where: { name: product.name } })
    // The file says all there is: a template without a password has none.
    const input = delivery.type === 'template' ? { ...delivery, passwordSet: false } : delivery
    const { changed } = await at(`products[${index}]`, () =>
      writeProduct(tx, ctx, row, { ...product, delivery: input }),
    )
    note(row ? (changed ? 'changed' : 'unchanged') : 'created', `product ${product.name}`)
  }
  // Ids may move from one product to another, so claims are compared when all are written.
  const all = await tx.product.findMany()
  for (const [index, product] of products.entries()) {
    const others = all.filter(({ name }) => name !== product.name)
    for (const field of ['productIds', 'skuCodes'] as const) {
      const claim = findClaim(product[field], others, field)
      if (!claim) continue
      const path = `products[${index}].${field}[${claim.index}]`
      throw new DeskError('conflict', `${path}: ${claim.id} belongs to the product ${claim.owner} already.`, {
        field: path,
        details: { product: claim.owner },
      })
    }
  }
  if (defaultProduct !== undefined) await applyDefault(tx, ctx, defaultProduct, note)
}

async function applyDefault(tx: Tx, ctx: Context, name: string | null, note: Note) {
  const what = `default product ${name ?? 'none'}`
  const current = await tx.product.findFirst({ where: { isDefault: true } })
  if ((current?.name ?? null) === name) return note('unchanged', what)
  const wanted = name === null ? null : await tx.product.findUnique({ where: { name } })
  if (name !== null && !wanted) {
    throw invalid([{ path: 'defaultProduct', message: `there is no product named ${name}` }])
  }
  if (current) await tx.product.update({ where: { id: current.id }, data: { isDefault: false } })
  if (wanted) await tx.product.update({ where: { id: wanted.id }, data: { isDefault: true } })
  await recordAudit(tx, ctx, {
    action: 'product.default',
    subject: 'product',
    target: wanted?.id ?? null,
    data: { from: current?.name ?? null, to: name },
  })
  note('changed', what)
}

type Password = { kept: true } | { kept: false; hash: string }

/** Outside the transaction, because each takes 50 ms: whether a password is the present one, else its hash. */
async function preparePasswords(users: SetupDocument['users']): Promise<Map<string, Password>> {
  const rows = await prisma().user.findMany({ where: { email: { in: users.map(({ email }) => email) } } })
  const hashes = new Map(rows.map(({ email, passwordHash }) => [email, passwordHash]))
  const prepared = new Map<string, Password>()
  for (const { email, password } of users) {
    const present = hashes.get(email)
    const kept = present !== undefined && (await verifyPassword(password, present))
    prepared.set(email, kept ? { kept } : { kept, hash: await hashPassword(password) })
  }
  return prepared
}

/** Answers the ids of users who were changed. Promotions first, so that administrators can be exchanged. */
async function applyUsers(
  tx: Tx,
  ctx: Context,
  wanted: SetupDocument['users'],
  passwords: Map<string, Password>,
  note: Note,
): Promise<string[]> {
  const touched: string[] = []
  const order = [...wanted.entries()].sort(([, a], [, b]) => Number(b.role === 'admin') - Number(a.role === 'admin'))
  for (const [index, { email, role }] of order) {
    const row = await tx.user.findUnique({ where: { email } })
    const password = passwords.get(email)
    const passwordHash = password?.kept === false ? password.hash : undefined
    const state = await at<State>(`users[${index}]`, async () => {
      if (row) {
        const after = await changeUser(tx, ctx, row, { role, passwordHash })
        if (after === row) return 'unchanged'
        touched.push(row.id)
        return 'changed'
      }
      if (passwordHash === undefined) {
        throw new DeskError('conflict', `${email} was removed meanwhile; apply the file again.`, { field: 'email' })
      }
      await insertUser(tx, ctx, { email, role, passwordHash })
      return 'created'
    })
    note(state, `user ${email}`)
  }
  return touched
}

async function applyTokens(tx: Tx, ctx: Context, wanted: SetupDocument['apiTokens'], note: Note) {
  for (const [index, token] of wanted.entries()) {
    const row = await tx.apiToken.findUnique({ where: { name: token.name } })
    const state = await at<State>(`apiTokens[${index}]`, async () => {
      if (row) return (await changeToken(tx, ctx, row, token)) ? 'changed' : 'unchanged'
      await insertToken(tx, ctx, token)
      return 'created'
    })
    note(state, `token ${token.name}`)
  }
}

/** An error inside names its member by the path in the whole document. */
async function at<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof DeskError)) throw error
    const field = error.field ? `${path}.${error.field}` : path
    const reason = error.field ? error.message.replace(`${error.field}: `, '') : error.message
    throw new DeskError(error.code, `${field}: ${reason}`, { field, details: error.details })
  }
}
