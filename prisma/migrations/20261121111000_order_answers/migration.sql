-- AlterTable
ALTER TABLE "orders"
    ADD COLUMN "charging_modes" TEXT[] DEFAULT ARRAY[]::TEXT[],
    ADD COLUMN "customer_name" TEXT,
    ADD COLUMN "listed_at" TIMESTAMPTZ(3),
    ADD COLUMN "product_ids" TEXT[] DEFAULT ARRAY[]::TEXT[],
    ADD COLUMN "sku_codes" TEXT[] DEFAULT ARRAY[]::TEXT[],
    ADD COLUMN "told_since" TIMESTAMPTZ(3);

-- What is sealed cannot be read here: names and products of orders stored before follow with their next answer.
UPDATE "orders" SET "told_since" = "fetched_at", "listed_at" = COALESCE("created_at", "fetched_at");

ALTER TABLE "orders"
    ALTER COLUMN "listed_at" SET NOT NULL,
    ALTER COLUMN "told_since" SET NOT NULL;

-- CreateTable
CREATE TABLE "order_answers" (
    "id" UUID NOT NULL,
    "order_id" TEXT NOT NULL,
    "payload" BYTEA NOT NULL,
    "told_since" TIMESTAMPTZ(3) NOT NULL,
    "told_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "order_answers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "order_look_ups" (
    "id" UUID NOT NULL,
    "order_id" TEXT NOT NULL,
    "order_line_id" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "family" TEXT,
    "status" INTEGER,
    "code" TEXT,
    "message" TEXT,
    "skew_ms" INTEGER,
    "duration_ms" INTEGER NOT NULL,

    CONSTRAINT "order_look_ups_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "supervision_notes" (
    "id" UUID NOT NULL,
    "order_id" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "note" TEXT,
    "actor" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "supervision_notes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "order_drifts" (
    "id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "order_id" TEXT NOT NULL,
    "order_line_id" TEXT,
    "instance_id" TEXT,
    "message_id" UUID,
    "reason" TEXT,
    "fields" JSONB NOT NULL,
    "state" TEXT NOT NULL,
    "found_at" TIMESTAMPTZ(3) NOT NULL,
    "checked_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),
    "closed_by" TEXT,
    "note" TEXT,

    CONSTRAINT "order_drifts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "order_imports" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "file_name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "columns" JSONB NOT NULL,
    "ignored" TEXT[],
    "counts" JSONB NOT NULL,
    "rows" INTEGER NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "matched_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "order_imports_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "order_import_rows" (
    "import_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "order_id" TEXT,
    "order_line_id" TEXT,
    "instance_id" TEXT,
    "facts" JSONB NOT NULL,
    "result" TEXT NOT NULL,
    "differences" JSONB NOT NULL,

    CONSTRAINT "order_import_rows_pkey" PRIMARY KEY ("import_id","position")
);

-- CreateIndex
CREATE INDEX "orders_customer_name_idx" ON "orders"("customer_name");

-- CreateIndex
CREATE INDEX "orders_listed_at_order_id_idx" ON "orders"("listed_at", "order_id");

-- CreateIndex
CREATE INDEX "order_answers_order_id_told_until_idx" ON "order_answers"("order_id", "told_until");

-- CreateIndex
CREATE INDEX "order_look_ups_order_id_at_idx" ON "order_look_ups"("order_id", "at");

-- CreateIndex
CREATE INDEX "supervision_notes_order_id_at_idx" ON "supervision_notes"("order_id", "at");

-- CreateIndex
CREATE UNIQUE INDEX "order_drifts_key_key" ON "order_drifts"("key");

-- CreateIndex
CREATE INDEX "order_drifts_state_found_at_id_idx" ON "order_drifts"("state", "found_at", "id");

-- CreateIndex
CREATE INDEX "order_drifts_order_id_idx" ON "order_drifts"("order_id");

-- CreateIndex
CREATE INDEX "order_drifts_instance_id_idx" ON "order_drifts"("instance_id");

-- CreateIndex
CREATE UNIQUE INDEX "order_imports_hash_key" ON "order_imports"("hash");

-- CreateIndex
CREATE INDEX "order_imports_created_at_id_idx" ON "order_imports"("created_at", "id");

-- CreateIndex
CREATE INDEX "order_import_rows_import_id_result_position_idx" ON "order_import_rows"("import_id", "result", "position");

-- CreateIndex
CREATE INDEX "order_import_rows_order_id_idx" ON "order_import_rows"("order_id");

-- AddForeignKey
ALTER TABLE "order_import_rows" ADD CONSTRAINT "order_import_rows_import_id_fkey" FOREIGN KEY ("import_id") REFERENCES "order_imports"("id") ON DELETE CASCADE ON UPDATE CASCADE;
