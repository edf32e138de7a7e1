-- CreateTable
CREATE TABLE "usage_records" (
    "id" UUID NOT NULL,
    "metering_sn" TEXT NOT NULL,
    "wire_sn" TEXT NOT NULL,
    "wire_sn_spent" BOOLEAN NOT NULL DEFAULT false,
    "instance_id" TEXT NOT NULL,
    "product_ref" UUID,
    "month" TEXT NOT NULL,
    "begin_at" TIMESTAMPTZ(0) NOT NULL,
    "end_at" TIMESTAMPTZ(0) NOT NULL,
    "value" DECIMAL(16,4) NOT NULL,
    "related_package_instance_id" TEXT NOT NULL DEFAULT '',
    "state" TEXT NOT NULL,
    "code" TEXT,
    "message" TEXT,
    "push_id" UUID,
    "batch_id" UUID,
    "source" TEXT NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "usage_records_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "usage_months" (
    "month" TEXT NOT NULL,
    "instance_id" TEXT NOT NULL,
    "product_ref" UUID,
    "records" INTEGER NOT NULL,
    "value" DECIMAL(20,4) NOT NULL,
    "accepted" INTEGER NOT NULL,
    "accepted_value" DECIMAL(20,4) NOT NULL,
    "rejected" INTEGER NOT NULL,
    "rejected_value" DECIMAL(20,4) NOT NULL,
    "last_end_at" TIMESTAMPTZ(0) NOT NULL,

    CONSTRAINT "usage_months_pkey" PRIMARY KEY ("month","instance_id")
);

-- CreateTable
CREATE TABLE "usage_days" (
    "product_ref" UUID NOT NULL,
    "day" DATE NOT NULL,
    "records" INTEGER NOT NULL,
    "value" DECIMAL(20,4) NOT NULL,
    "accepted" INTEGER NOT NULL,
    "rejected" INTEGER NOT NULL,

    CONSTRAINT "usage_days_pkey" PRIMARY KEY ("product_ref","day")
);

-- CreateTable
CREATE TABLE "usage_settings" (
    "product_ref" UUID NOT NULL,
    "api" TEXT NOT NULL,
    "rhythm" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "usage_settings_pkey" PRIMARY KEY ("product_ref")
);

-- CreateTable
CREATE TABLE "usage_settlements" (
    "product_ref" UUID NOT NULL,
    "month" TEXT NOT NULL,
    "settled_by" TEXT NOT NULL,
    "settled_at" TIMESTAMPTZ(3) NOT NULL,
    "note" TEXT,
    "sums" JSONB NOT NULL,

    CONSTRAINT "usage_settlements_pkey" PRIMARY KEY ("product_ref","month")
);

-- CreateTable
CREATE TABLE "usage_pushes" (
    "id" UUID NOT NULL,
    "state" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "slot" TEXT,
    "product_ref" UUID,
    "filter" JSONB NOT NULL,
    "total" INTEGER NOT NULL,
    "accepted" INTEGER NOT NULL DEFAULT 0,
    "rejected" INTEGER NOT NULL DEFAULT 0,
    "gathered" BOOLEAN NOT NULL DEFAULT false,
    "error" TEXT,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),
    "cancel_requested" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "usage_pushes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "usage_batches" (
    "id" UUID NOT NULL,
    "push_id" UUID NOT NULL,
    "product_ref" UUID,
    "api" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "records" INTEGER NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "doubt" BOOLEAN NOT NULL DEFAULT false,
    "lease_until" TIMESTAMPTZ(3) NOT NULL,
    "code" TEXT,
    "message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "answered_at" TIMESTAMPTZ(3),

    CONSTRAINT "usage_batches_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "usage_records_metering_sn_key" ON "usage_records"("metering_sn");

-- CreateIndex
CREATE INDEX "usage_records_instance_id_id_idx" ON "usage_records"("instance_id", "id");

-- CreateIndex
CREATE INDEX "usage_months_instance_id_idx" ON "usage_months"("instance_id");

-- CreateIndex
CREATE INDEX "usage_months_month_product_ref_instance_id_idx" ON "usage_months"("month", "product_ref", "instance_id");

-- CreateIndex
CREATE UNIQUE INDEX "usage_pushes_slot_key" ON "usage_pushes"("slot");

-- CreateIndex
CREATE INDEX "usage_batches_push_id_id_idx" ON "usage_batches"("push_id", "id");

-- An instance has one record for a period, unless the marketplace refused it: then a corrected one may take its place.
CREATE UNIQUE INDEX "usage_records_period_key" ON "usage_records" ("instance_id", "begin_at", "end_at", "related_package_instance_id")
  WHERE "state" <> 'rejected';
CREATE INDEX "usage_records_package_idx" ON "usage_records" ("related_package_instance_id", "instance_id")
  WHERE "related_package_instance_id" <> '';
-- The ones somebody still has to do something with are few; accepted ones are many.
CREATE INDEX "usage_records_open_idx" ON "usage_records" ("state", "id") WHERE "state" <> 'accepted';
CREATE INDEX "usage_records_queued_idx" ON "usage_records" ("push_id", "product_ref", "id") WHERE "state" = 'queued';
CREATE INDEX "usage_records_pushed_idx" ON "usage_records" ("batch_id") WHERE "state" = 'pushed';
CREATE INDEX "usage_records_wire_sn_idx" ON "usage_records" ("wire_sn") WHERE "wire_sn" <> "metering_sn";
CREATE INDEX "usage_batches_open_idx" ON "usage_batches" ("lease_until") WHERE "state" = 'sending';

-- Sums follow the records whatever changes them. Rows are taken in the order of their keys, so that two writers who meet
-- wait for one another instead of blocking each other.
CREATE FUNCTION "sum_usage"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
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
    SELECT month, instance_id, (array_agg(product_ref ORDER BY sign DESC))[1], sum(sign), sum(sign * value),
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
    INSERT INTO usage_days AS d (product_ref, day, records, value, accepted, rejected)
    SELECT coalesce(product_ref, '00000000-0000-0000-0000-000000000000'), (begin_at AT TIME ZONE 'Asia/Shanghai')::date,
      sum(sign), sum(sign * value), coalesce(sum(sign) FILTER (WHERE state = 'accepted'), 0),
      coalesce(sum(sign) FILTER (WHERE state = 'rejected'), 0)
    FROM (%s) changes
    GROUP BY 1, 2
    HAVING sum(sign) <> 0 OR sum(sign * value) <> 0
      OR sum(CASE state WHEN 'accepted' THEN sign WHEN 'rejected' THEN sign * 2 ELSE 0 END) <> 0
    ORDER BY 1, 2
    ON CONFLICT (product_ref, day) DO UPDATE SET records = d.records + excluded.records,
      value = d.value + excluded.value, accepted = d.accepted + excluded.accepted,
      rejected = d.rejected + excluded.rejected$sql$, changes);
  RETURN NULL;
END
$$;

CREATE TRIGGER "usage_records_added" AFTER INSERT ON "usage_records"
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "sum_usage"();
CREATE TRIGGER "usage_records_changed" AFTER UPDATE ON "usage_records"
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "sum_usage"();
CREATE TRIGGER "usage_records_removed" AFTER DELETE ON "usage_records"
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION "sum_usage"();

CREATE FUNCTION "empty_usage_sums"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  TRUNCATE "usage_months", "usage_days";
  RETURN NULL;
END
$$;

CREATE TRIGGER "usage_records_emptied" AFTER TRUNCATE ON "usage_records"
  FOR EACH STATEMENT EXECUTE FUNCTION "empty_usage_sums"();
