-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "calls" (
    "id" UUID NOT NULL,
    "message_id" UUID,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "protocol" TEXT NOT NULL,
    "activity" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "result_code" TEXT,
    "result_msg" TEXT,
    "order_id" TEXT,
    "order_line_id" TEXT,
    "business_id" TEXT,
    "instance_id" TEXT,
    "customer_id" TEXT,
    "test" BOOLEAN NOT NULL DEFAULT false,
    "duration_ms" INTEGER,
    "credential_id" UUID,
    "replay_of" UUID,
    "actor" TEXT,
    "payload" BYTEA NOT NULL,

    CONSTRAINT "calls_pkey" PRIMARY KEY ("id")
) PARTITION BY RANGE ("id");

-- CreateTable
CREATE TABLE "messages" (
    "id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "protocol" TEXT NOT NULL,
    "activity" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 1,
    "first_at" TIMESTAMPTZ(3) NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,
    "retry_until" TIMESTAMPTZ(3),
    "result_code" TEXT,
    "result_msg" TEXT,
    "order_id" TEXT,
    "order_line_id" TEXT,
    "instance_id" TEXT,
    "customer_id" TEXT,
    "product_ref" UUID,
    "test" BOOLEAN NOT NULL DEFAULT false,
    "last_call_id" UUID NOT NULL,
    "closed_at" TIMESTAMPTZ(3),
    "resolved_by" TEXT,
    "resolved_note" TEXT,

    CONSTRAINT "messages_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nonces" (
    "nonce" TEXT NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "nonces_pkey" PRIMARY KEY ("nonce")
);

-- CreateTable
CREATE TABLE "refusal_counts" (
    "minute" TIMESTAMPTZ(0) NOT NULL,
    "reason" TEXT NOT NULL,
    "count" INTEGER NOT NULL,

    CONSTRAINT "refusal_counts_pkey" PRIMARY KEY ("minute","reason")
);

-- CreateTable
CREATE TABLE "bulk_replays" (
    "id" UUID NOT NULL,
    "state" TEXT NOT NULL,
    "filter" JSONB NOT NULL,
    "note" TEXT,
    "total" INTEGER NOT NULL,
    "succeeded" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "skipped" INTEGER NOT NULL DEFAULT 0,
    "counts" JSONB NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "cancel_requested" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "bulk_replays_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "bulk_replay_items" (
    "bulk_replay_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "message_id" UUID NOT NULL,
    "state" TEXT NOT NULL,
    "reason" TEXT,
    "result_code" TEXT,
    "call_id" UUID,

    CONSTRAINT "bulk_replay_items_pkey" PRIMARY KEY ("bulk_replay_id","position")
);

-- CreateTable
CREATE TABLE "instances" (
    "instance_id" TEXT NOT NULL,
    "purchase_key" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "protocol" TEXT NOT NULL,
    "business_id" TEXT,
    "product_ref" UUID,
    "product_id" TEXT,
    "sku_code" TEXT,
    "order_id" TEXT NOT NULL,
    "order_line_id" TEXT,
    "customer_id" TEXT,
    "customer_name" TEXT,
    "test" BOOLEAN NOT NULL,
    "trial" BOOLEAN NOT NULL DEFAULT false,
    "charging_mode" TEXT,
    "period_type" TEXT,
    "period_number" INTEGER,
    "quantity" JSONB,
    "expires_at" TIMESTAMPTZ(3),
    "expiry_as_of" TIMESTAMPTZ(3),
    "status_as_of" TIMESTAMPTZ(3),
    "spec_as_of" TIMESTAMPTZ(3),
    "refunded_orders" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "frozen_reason" TEXT,
    "app_info" BYTEA,
    "front_end_url" TEXT,
    "delivery_type" TEXT,
    "delivery_state" TEXT NOT NULL,
    "delivery_code" TEXT,
    "delivery_error" TEXT,
    "delivery_attempts" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "delivered_at" TIMESTAMPTZ(3),
    "released_at" TIMESTAMPTZ(3),
    "last_call_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "instances_pkey" PRIMARY KEY ("instance_id")
);

-- CreateTable
CREATE TABLE "instance_events" (
    "id" UUID NOT NULL,
    "position" BIGSERIAL NOT NULL,
    "instance_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "dedupe_key" TEXT NOT NULL,
    "applied" BOOLEAN NOT NULL,
    "reason" TEXT,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "data" JSONB NOT NULL,
    "sealed" BYTEA,
    "call_id" UUID,
    "actor" TEXT,

    CONSTRAINT "instance_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "orders" (
    "order_id" TEXT NOT NULL,
    "order_type" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3),
    "customer_id" TEXT,
    "payload" BYTEA NOT NULL,
    "fetched_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "orders_pkey" PRIMARY KEY ("order_id")
);

-- CreateTable
CREATE TABLE "products" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "product_ids" TEXT[],
    "sku_codes" TEXT[],
    "delivery_type" TEXT NOT NULL,
    "delivery" JSONB NOT NULL,
    "delivery_sealed" BYTEA,
    "time_zone" TEXT NOT NULL DEFAULT 'UTC',
    "encrypt_type" TEXT NOT NULL DEFAULT '1',
    "is_default" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "products_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "pool_accounts" (
    "id" UUID NOT NULL,
    "product_ref" UUID NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "app_info" BYTEA NOT NULL,
    "label" TEXT NOT NULL,
    "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "taken_by" TEXT,
    "taken_at" TIMESTAMPTZ(3),

    CONSTRAINT "pool_accounts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "credentials" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "access_key_id" TEXT,
    "secret" BYTEA NOT NULL,
    "hint" TEXT NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "credentials_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "config_version" (
    "id" INTEGER NOT NULL,
    "version" BIGINT NOT NULL,

    CONSTRAINT "config_version_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "settings" (
    "key" TEXT NOT NULL,
    "value" JSONB NOT NULL,
    "sealed" BYTEA,

    CONSTRAINT "settings_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "locale" TEXT,
    "session_version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_sign_in_at" TIMESTAMPTZ(3),

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sign_in_failures" (
    "id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sign_in_failures_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "setup_links" (
    "hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "setup_links_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "api_tokens" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "hint" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_entries" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "via" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "target" TEXT,
    "data" JSONB NOT NULL,

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notices" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "message_id" UUID,
    "state" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "error" TEXT,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sent_at" TIMESTAMPTZ(3),

    CONSTRAINT "notices_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "calls_message_id_id_idx" ON "calls"("message_id", "id");

-- CreateIndex
CREATE INDEX "calls_order_id_id_idx" ON "calls"("order_id", "id");

-- CreateIndex
CREATE INDEX "calls_instance_id_id_idx" ON "calls"("instance_id", "id");

-- CreateIndex
CREATE INDEX "calls_outcome_id_idx" ON "calls"("outcome", "id");

-- CreateIndex
CREATE UNIQUE INDEX "messages_key_key" ON "messages"("key");

-- CreateIndex
CREATE INDEX "messages_state_last_at_id_idx" ON "messages"("state", "last_at", "id");

-- CreateIndex
CREATE INDEX "messages_last_at_id_idx" ON "messages"("last_at", "id");

-- CreateIndex
CREATE INDEX "messages_order_id_idx" ON "messages"("order_id");

-- CreateIndex
CREATE INDEX "messages_instance_id_idx" ON "messages"("instance_id");

-- CreateIndex
CREATE INDEX "nonces_seen_at_idx" ON "nonces"("seen_at");

-- CreateIndex
CREATE INDEX "bulk_replays_created_at_idx" ON "bulk_replays"("created_at");

-- CreateIndex
CREATE INDEX "bulk_replay_items_bulk_replay_id_state_idx" ON "bulk_replay_items"("bulk_replay_id", "state");

-- CreateIndex
CREATE UNIQUE INDEX "instances_purchase_key_key" ON "instances"("purchase_key");

-- CreateIndex
CREATE INDEX "instances_created_at_instance_id_idx" ON "instances"("created_at", "instance_id");

-- CreateIndex
CREATE INDEX "instances_order_id_idx" ON "instances"("order_id");

-- CreateIndex
CREATE INDEX "instances_customer_id_idx" ON "instances"("customer_id");

-- CreateIndex
CREATE INDEX "instances_state_expires_at_idx" ON "instances"("state", "expires_at");

-- CreateIndex
CREATE INDEX "instance_events_instance_id_position_idx" ON "instance_events"("instance_id", "position");

-- CreateIndex
CREATE UNIQUE INDEX "instance_events_instance_id_dedupe_key_key" ON "instance_events"("instance_id", "dedupe_key");

-- CreateIndex
CREATE INDEX "orders_customer_id_idx" ON "orders"("customer_id");

-- CreateIndex
CREATE UNIQUE INDEX "products_name_key" ON "products"("name");

-- CreateIndex
CREATE UNIQUE INDEX "pool_accounts_taken_by_key" ON "pool_accounts"("taken_by");

-- CreateIndex
CREATE INDEX "pool_accounts_product_ref_taken_by_id_idx" ON "pool_accounts"("product_ref", "taken_by", "id");

-- CreateIndex
CREATE UNIQUE INDEX "pool_accounts_product_ref_fingerprint_key" ON "pool_accounts"("product_ref", "fingerprint");

-- CreateIndex
CREATE UNIQUE INDEX "credentials_name_key" ON "credentials"("name");

-- CreateIndex
CREATE INDEX "credentials_kind_active_idx" ON "credentials"("kind", "active");

-- CreateIndex
CREATE UNIQUE INDEX "users_email_key" ON "users"("email");

-- CreateIndex
CREATE INDEX "sign_in_failures_key_at_idx" ON "sign_in_failures"("key", "at");

-- CreateIndex
CREATE UNIQUE INDEX "api_tokens_name_key" ON "api_tokens"("name");

-- CreateIndex
CREATE UNIQUE INDEX "api_tokens_hash_key" ON "api_tokens"("hash");

-- CreateIndex
CREATE INDEX "audit_entries_at_id_idx" ON "audit_entries"("at", "id");

-- CreateIndex
CREATE INDEX "audit_entries_subject_target_idx" ON "audit_entries"("subject", "target");

-- CreateIndex
CREATE INDEX "notices_message_id_idx" ON "notices"("message_id");

-- AddForeignKey
ALTER TABLE "bulk_replay_items" ADD CONSTRAINT "bulk_replay_items_bulk_replay_id_fkey" FOREIGN KEY ("bulk_replay_id") REFERENCES "bulk_replays"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "pool_accounts" ADD CONSTRAINT "pool_accounts_product_ref_fkey" FOREIGN KEY ("product_ref") REFERENCES "products"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "notices" ADD CONSTRAINT "notices_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "messages"("id") ON DELETE CASCADE ON UPDATE CASCADE;



-- Calls are partitioned by month over their id: a version 7 UUID begins with its time, so that retention drops a table.
CREATE TABLE "calls_default" PARTITION OF "calls" DEFAULT;

CREATE FUNCTION "call_id_floor"("at" TIMESTAMPTZ) RETURNS UUID LANGUAGE SQL IMMUTABLE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM "at") * 1000)::BIGINT), 12, '0') || repeat('0', 20))::UUID
$$;

-- Creates the partitions of every month (UTC) from "since" to "until". A month whose rows already stand in the default
-- partition is left there.
CREATE FUNCTION "ensure_call_partitions"("since" TIMESTAMPTZ, "until" TIMESTAMPTZ) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  first_day TIMESTAMPTZ := date_trunc('month', "since", 'UTC');
  next_day TIMESTAMPTZ;
  partition TEXT;
BEGIN
  WHILE first_day <= "until" LOOP
    next_day := (first_day AT TIME ZONE 'UTC' + INTERVAL '1 month') AT TIME ZONE 'UTC';
    partition := 'calls_' || to_char(first_day AT TIME ZONE 'UTC', 'YYYY_MM');
    IF to_regclass(partition) IS NULL AND NOT EXISTS (
      SELECT FROM "calls_default" WHERE "id" >= "call_id_floor"(first_day) AND "id" < "call_id_floor"(next_day)
    ) THEN
      EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF "calls" FOR VALUES FROM (%L) TO (%L)',
        partition, "call_id_floor"(first_day), "call_id_floor"(next_day));
    END IF;
    first_day := next_day;
  END LOOP;
END
$$;

SELECT "ensure_call_partitions"(now() - INTERVAL '13 months', now() + INTERVAL '2 months');

-- Every replica keeps a copy of products, credentials and settings; a change to one of them raises this number.
INSERT INTO "config_version" ("id", "version") VALUES (1, 1);

CREATE FUNCTION "raise_config_version"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "config_version" SET "version" = "version" + 1 WHERE "id" = 1;
  RETURN NULL;
END
$$;

CREATE TRIGGER "products_config" AFTER INSERT OR UPDATE OR DELETE ON "products"
  FOR EACH STATEMENT EXECUTE FUNCTION "raise_config_version"();
CREATE TRIGGER "credentials_config" AFTER INSERT OR DELETE OR UPDATE OF "name", "kind", "access_key_id", "secret", "active" ON "credentials"
  FOR EACH STATEMENT EXECUTE FUNCTION "raise_config_version"();
CREATE TRIGGER "settings_config" AFTER INSERT OR UPDATE OR DELETE ON "settings"
  FOR EACH STATEMENT EXECUTE FUNCTION "raise_config_version"();
