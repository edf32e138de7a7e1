-- CreateTable
CREATE TABLE "rehearsal_cases" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "activity" TEXT NOT NULL,
    "members" JSONB NOT NULL,
    "product_ref" UUID,
    "expect_code" TEXT,
    "scheduled" BOOLEAN NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "rehearsal_cases_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rehearsal_runs" (
    "id" UUID NOT NULL,
    "case_id" UUID,
    "name" TEXT,
    "version" TEXT NOT NULL,
    "activity" TEXT NOT NULL,
    "product_ref" UUID,
    "slot" TEXT,
    "actor" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "good" BOOLEAN,
    "status" INTEGER,
    "result_code" TEXT,
    "result_msg" TEXT,
    "body_sign" BOOLEAN,
    "instance_id" TEXT,
    "error" TEXT,
    "duration_ms" INTEGER,

    CONSTRAINT "rehearsal_runs_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "rehearsal_cases_name_key" ON "rehearsal_cases"("name");

-- CreateIndex
CREATE INDEX "rehearsal_runs_at_id_idx" ON "rehearsal_runs"("at", "id");

-- CreateIndex
CREATE INDEX "rehearsal_runs_slot_idx" ON "rehearsal_runs"("slot");

-- CreateIndex
CREATE UNIQUE INDEX "rehearsal_runs_case_id_slot_key" ON "rehearsal_runs"("case_id", "slot");

-- AddForeignKey
ALTER TABLE "rehearsal_runs" ADD CONSTRAINT "rehearsal_runs_case_id_fkey" FOREIGN KEY ("case_id") REFERENCES "rehearsal_cases"("id") ON DELETE SET NULL ON UPDATE CASCADE;
