-- CreateTable
CREATE TABLE "cause_acks" (
    "cause" TEXT NOT NULL,
    "acknowledged_at" TIMESTAMPTZ(3) NOT NULL,
    "acknowledged_by" TEXT NOT NULL,
    "note" TEXT,

    CONSTRAINT "cause_acks_pkey" PRIMARY KEY ("cause")
);

-- CreateTable
CREATE TABLE "saved_views" (
    "id" UUID NOT NULL,
    "page" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "query" TEXT NOT NULL,
    "shared" BOOLEAN NOT NULL,
    "owner" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "saved_views_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alerts" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "open_key" TEXT,
    "facts" JSONB NOT NULL,
    "fired_at" TIMESTAMPTZ(3) NOT NULL,
    "recovered_at" TIMESTAMPTZ(3),
    "notified_at" TIMESTAMPTZ(3),
    "recovery_notified_at" TIMESTAMPTZ(3),

    CONSTRAINT "alerts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "marks" (
    "name" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "marks_pkey" PRIMARY KEY ("name")
);

-- AlterTable
ALTER TABLE "api_tokens" ADD COLUMN "scopes" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "notices" ADD COLUMN "alert_id" UUID, ADD COLUMN "channel" TEXT NOT NULL DEFAULT 'mail';

-- CreateIndex
CREATE UNIQUE INDEX "saved_views_page_owner_name_key" ON "saved_views"("page", "owner", "name");

-- CreateIndex
CREATE UNIQUE INDEX "alerts_open_key_key" ON "alerts"("open_key");

-- CreateIndex
CREATE INDEX "alerts_fired_at_id_idx" ON "alerts"("fired_at", "id");

-- CreateIndex
CREATE INDEX "notices_alert_id_idx" ON "notices"("alert_id");

-- AddForeignKey
ALTER TABLE "notices" ADD CONSTRAINT "notices_alert_id_fkey" FOREIGN KEY ("alert_id") REFERENCES "alerts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What failed messages have in common: activity, result code and the first line of the error without its ids and numbers.
CREATE FUNCTION "message_cause"("activity" TEXT, "code" TEXT, "said" TEXT) RETURNS TEXT
LANGUAGE SQL IMMUTABLE PARALLEL SAFE AS $$
  SELECT md5("activity" || E'\n' || coalesce("code", '') || E'\n' || regexp_replace(
    left(split_part(coalesce("said", ''), E'\n', 1), 200), '[A-Za-z0-9_.:-]*[0-9][A-Za-z0-9_.:-]*', '#', 'g'))
$$;
CREATE INDEX "messages_open_cause_idx" ON "messages" (("message_cause"("activity", "result_code", "result_msg")))
  WHERE "state" = 'open' AND "outcome" = 'failed';
CREATE INDEX "messages_open_window_idx" ON "messages" ((coalesce("retry_until", 'infinity'::TIMESTAMPTZ)))
  WHERE "state" = 'open' AND "outcome" = 'failed';
CREATE INDEX "calls_test_idx" ON "calls" ("id") WHERE "test";
CREATE INDEX "instances_waiting_idx" ON "instances" ("created_at") WHERE "state" = 'pending';
CREATE INDEX "calls_other_source_idx" ON "calls" ("source", "id") WHERE "source" <> 'marketplace';
