import pg from 'pg'

/** One question to a database that may just have come back. */
export async function query<Row extends Record<string, unknown>>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}

/** What of these acknowledged purchases is wrong in the database; empty lists when all is well. */
export async function faultsOf(url: string, acknowledged: string[]) {
  const ids = (rows: { id: string }[]) => rows.map(({ id }) => id)
  return {
    missing: ids(
      await query(
        url,
        `SELECT wanted AS id FROM unnest($1::text[]) AS wanted
         WHERE NOT EXISTS (SELECT FROM instances WHERE order_id = wanted)
            OR NOT EXISTS (SELECT FROM calls WHERE order_id = wanted AND outcome IN ('succeeded', 'processing'))`,
        [acknowledged],
      ),
    ),
    doubled: ids(await query(url, 'SELECT order_id AS id FROM instances GROUP BY order_id HAVING count(*) > 1')),
    withoutHistory: ids(
      await query(
        url,
        `SELECT i.instance_id AS id FROM instances i
         WHERE 1 <> (SELECT count(*) FROM instance_events e WHERE e.instance_id = i.instance_id AND e.type = 'purchased')
            OR (i.delivery_state = 'delivered') <> EXISTS
               (SELECT FROM instance_events e WHERE e.instance_id = i.instance_id AND e.type = 'delivered')`,
      ),
    ),
  }
}

export const noFaults = { missing: [], doubled: [], withoutHistory: [] }

/** Purchases whose access data is still to come. */
export async function waitingDeliveries(url: string): Promise<number> {
  const [row] = await query<{ count: number }>(
    url,
    "SELECT count(*)::int AS count FROM instances WHERE delivery_state = 'waiting'",
  )
  return row?.count ?? 0
}

/** Of these orders, those with more or fewer calls on record than were sent for them. */
export async function miscounted(url: string, sent: string[]): Promise<string[]> {
  const rows = await query<{ id: string }>(
    url,
    `SELECT wanted AS id FROM unnest($1::text[]) AS wanted
     WHERE 1 <> (SELECT count(*) FROM calls WHERE order_id = wanted AND source = 'marketplace')`,
    [sent],
  )
  return rows.map(({ id }) => id)
}
