-- Licences of every kind, and what products and their pools need for them.

-- AlterTable
ALTER TABLE "products" ADD COLUMN     "license_rules" JSONB NOT NULL DEFAULT '{"checkQuota": false, "checkDates": false, "needsDevice": false}';

-- AlterTable
ALTER TABLE "pool_accounts" ADD COLUMN     "bound_to" TEXT;

-- CreateTable
CREATE TABLE "licenses" (
    "id" UUID NOT NULL,
    "request_key" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "product_ref" UUID,
    "product_id" TEXT,
    "sku_code" TEXT,
    "order_id" TEXT,
    "order_line_id" TEXT,
    "instance_id" TEXT,
    "customer_id" TEXT,
    "customer_name" TEXT,
    "event_id" TEXT,
    "test" BOOLEAN NOT NULL,
    "amount" INTEGER,
    "hint" TEXT,
    "asked" BYTEA NOT NULL,
    "content" BYTEA,
    "error_code" TEXT,
    "error" TEXT,
    "effective_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "issued_at" TIMESTAMPTZ(3),
    "delivered_at" TIMESTAMPTZ(3),
    "activated_at" TIMESTAMPTZ(3),
    "queried_at" TIMESTAMPTZ(3),
    "released_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "call_id" UUID,

    CONSTRAINT "licenses_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "license_events" (
    "id" UUID NOT NULL,
    "position" BIGSERIAL NOT NULL,
    "license_id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "dedupe_key" TEXT NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "data" JSONB NOT NULL,
    "call_id" UUID,
    "actor" TEXT,

    CONSTRAINT "license_events_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "licenses_request_key_key" ON "licenses"("request_key");

-- CreateIndex
CREATE INDEX "licenses_created_at_id_idx" ON "licenses"("created_at", "id");

-- CreateIndex
CREATE INDEX "licenses_state_id_idx" ON "licenses"("state", "id");

-- CreateIndex
CREATE INDEX "licenses_order_id_idx" ON "licenses"("order_id");

-- CreateIndex
CREATE INDEX "licenses_instance_id_idx" ON "licenses"("instance_id");

-- CreateIndex
CREATE INDEX "licenses_customer_id_idx" ON "licenses"("customer_id");

-- CreateIndex
CREATE INDEX "licenses_event_id_idx" ON "licenses"("event_id");

-- CreateIndex
CREATE INDEX "license_events_license_id_position_idx" ON "license_events"("license_id", "position");

-- CreateIndex
CREATE UNIQUE INDEX "license_events_license_id_dedupe_key_key" ON "license_events"("license_id", "dedupe_key");
