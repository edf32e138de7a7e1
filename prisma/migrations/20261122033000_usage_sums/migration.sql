-- A product's day tells everything the month's overview asks for: a month is 31 of its rows instead of all its records.
TRUNCATE "usage_days";

-- AlterTable
ALTER TABLE "usage_days" ADD COLUMN     "accepted_value" DECIMAL(20,4) NOT NULL,
ADD COLUMN     "draft" INTEGER NOT NULL,
ADD COLUMN     "pushed" INTEGER NOT NULL,
ADD COLUMN     "queued" INTEGER NOT NULL,
ADD COLUMN     "rejected_value" DECIMAL(20,4) NOT NULL;

-- Sums change in place, over and over: with room on their pages the indexes need not follow.
ALTER TABLE "usage_days" SET (fillfactor = 20);
ALTER TABLE "usage_months" SET (fillfactor = 50);

-- How long the oldest record may still wait.
CREATE INDEX "usage_records_oldest_idx" ON "usage_records" ("product_ref", "begin_at") WHERE "state" IN ('draft', 'queued');

CREATE OR REPLACE FUNCTION "sum_usage"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
  changes TEXT := CASE TG_OP
    WHEN 'INSERT' THEN 'SELECT 1 AS sign, n.* FROM new_rows n'
    WHEN 'DELETE' THEN 'SELECT -1 AS sign, o.* FROM old_rows o'
    ELSE 'SELECT 1 AS sign, n.* FROM new_rows n UNION ALL SELECT -1 AS sign, o.* FROM old_rows o'
  END;
BEGIN
  EXECUTE format($sql$
    INSERT INTO usage_months AS m
      (month, instance_id, product_ref, records, value, accepted, accepted_value, rejected, rejected_value, last_end_at)
    SELECT month, instance_id,
      coalesce(max(product_ref::text) FILTER (WHERE sign > 0), max(product_ref::text))::uuid, sum(sign), sum(sign * value),
      coalesce(sum(sign) FILTER (WHERE state = 'accepted'), 0),
      coalesce(sum(sign * value) FILTER (WHERE state = 'accepted'), 0),
      coalesce(sum(sign) FILTER (WHERE state = 'rejected'), 0),
      coalesce(sum(sign * value) FILTER (WHERE state = 'rejected'), 0), max(end_at)
    FROM (%s) changes
    GROUP BY month, instance_id
    HAVING sum(sign) <> 0 OR sum(sign * value) <> 0
      OR sum(CASE state WHEN 'accepted' THEN sign WHEN 'rejected' THEN sign * 2 ELSE 0 END) <> 0
      OR max(end_at) FILTER (WHERE sign > 0) <> max(end_at) FILTER (WHERE sign < 0)
    ORDER BY month, instance_id
    ON CONFLICT (month, instance_id) DO UPDATE SET
      product_ref = excluded.product_ref, records = m.records + excluded.records, value = m.value + excluded.value,
      accepted = m.accepted + excluded.accepted, accepted_value = m.accepted_value + excluded.accepted_value,
      rejected = m.rejected + excluded.rejected, rejected_value = m.rejected_value + excluded.rejected_value,
      last_end_at = greatest(m.last_end_at, excluded.last_end_at)$sql$, changes);
  EXECUTE format($sql$
    INSERT INTO usage_days AS d
      (product_ref, day, records, value, draft, queued, pushed, accepted, accepted_value, rejected, rejected_value)
    SELECT coalesce(product_ref, '00000000-0000-0000-0000-000000000000'), (begin_at AT TIME ZONE 'Asia/Shanghai')::date,
      sum(sign), sum(sign * value),
      coalesce(sum(sign) FILTER (WHERE state = 'draft'), 0), coalesce(sum(sign) FILTER (WHERE state = 'queued'), 0),
      coalesce(sum(sign) FILTER (WHERE state = 'pushed'), 0),
      coalesce(sum(sign) FILTER (WHERE state = 'accepted'), 0),
      coalesce(sum(sign * value) FILTER (WHERE state = 'accepted'), 0),
      coalesce(sum(sign) FILTER (WHERE state = 'rejected'), 0),
      coalesce(sum(sign * value) FILTER (WHERE state = 'rejected'), 0)
    FROM (%s) changes
    GROUP BY 1, 2
    ORDER BY 1, 2
    ON CONFLICT (product_ref, day) DO UPDATE SET records = d.records + excluded.records,
      value = d.value + excluded.value, draft = d.draft + excluded.draft, queued = d.queued + excluded.queued,
      pushed = d.pushed + excluded.pushed, accepted = d.accepted + excluded.accepted,
      accepted_value = d.accepted_value + excluded.accepted_value, rejected = d.rejected + excluded.rejected,
      rejected_value = d.rejected_value + excluded.rejected_value$sql$, changes);
  RETURN NULL;
END
$$;

INSERT INTO "usage_days"
  ("product_ref", "day", "records", "value", "draft", "queued", "pushed", "accepted", "accepted_value", "rejected", "rejected_value")
SELECT coalesce(product_ref, '00000000-0000-0000-0000-000000000000'), (begin_at AT TIME ZONE 'Asia/Shanghai')::date,
  count(*), sum(value), count(*) FILTER (WHERE state = 'draft'), count(*) FILTER (WHERE state = 'queued'),
  count(*) FILTER (WHERE state = 'pushed'), count(*) FILTER (WHERE state = 'accepted'),
  coalesce(sum(value) FILTER (WHERE state = 'accepted'), 0), count(*) FILTER (WHERE state = 'rejected'),
  coalesce(sum(value) FILTER (WHERE state = 'rejected'), 0)
FROM "usage_records" GROUP BY 1, 2;
