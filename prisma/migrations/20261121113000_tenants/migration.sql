-- CreateTable
CREATE TABLE "tenants" (
    "id" UUID NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "test" BOOLEAN NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'announced',
    "tenant_code" TEXT,
    "name" TEXT,
    "domain_name" TEXT,
    "profile_as_of" TIMESTAMPTZ(3),
    "orgs_as_of" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_sync_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "tenants_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tenant_bindings" (
    "tenant_ref" UUID NOT NULL,
    "instance_id" TEXT NOT NULL,
    "order_id" TEXT,
    "active" BOOLEAN NOT NULL,
    "as_of" TIMESTAMPTZ(3),

    CONSTRAINT "tenant_bindings_pkey" PRIMARY KEY ("tenant_ref","instance_id")
);

-- CreateTable
CREATE TABLE "tenant_apps" (
    "tenant_ref" UUID NOT NULL,
    "instance_id" TEXT NOT NULL,
    "app_id" TEXT NOT NULL,
    "client_id" TEXT,
    "client_secret" BYTEA,
    "key_name" TEXT,
    "active" BOOLEAN NOT NULL,
    "as_of" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "tenant_apps_pkey" PRIMARY KEY ("tenant_ref","instance_id","app_id")
);

-- CreateTable
CREATE TABLE "tenant_members" (
    "tenant_ref" UUID NOT NULL,
    "app_id" TEXT NOT NULL,
    "user_name" TEXT NOT NULL,
    "access" TEXT NOT NULL,
    "access_as_of" TIMESTAMPTZ(3),
    "name" TEXT,
    "org_code" TEXT,
    "role" TEXT,
    "enabled" BOOLEAN,
    "position" TEXT,
    "employee_code" TEXT,
    "employee_type" INTEGER,
    "work_place" TEXT,
    "entry_date" TEXT,
    "contact" BYTEA,
    "facts_as_of" TIMESTAMPTZ(3),

    CONSTRAINT "tenant_members_pkey" PRIMARY KEY ("tenant_ref","app_id","user_name")
);

-- CreateTable
CREATE TABLE "tenant_departments" (
    "tenant_ref" UUID NOT NULL,
    "org_code" TEXT NOT NULL,
    "name" TEXT,
    "parent_code" TEXT,
    "deleted" BOOLEAN NOT NULL,
    "as_of" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "tenant_departments_pkey" PRIMARY KEY ("tenant_ref","org_code")
);

-- CreateTable
CREATE TABLE "tenant_events" (
    "id" UUID NOT NULL,
    "position" BIGSERIAL NOT NULL,
    "tenant_ref" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "dedupe_key" TEXT NOT NULL,
    "applied" BOOLEAN NOT NULL,
    "reason" TEXT,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "data" JSONB NOT NULL,
    "sealed" BYTEA NOT NULL,
    "call_id" UUID,
    "actor" TEXT,

    CONSTRAINT "tenant_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "login_apps" (
    "app_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "return_urls" TEXT[],
    "entry" TEXT NOT NULL DEFAULT 'unified',
    "login_url" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "login_apps_pkey" PRIMARY KEY ("app_id")
);

-- CreateTable
CREATE TABLE "tenant_logins" (
    "id" UUID NOT NULL,
    "tenant_ref" UUID NOT NULL,
    "app_id" TEXT NOT NULL,
    "start_key" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "reason" TEXT,
    "user_name" TEXT,
    "name" TEXT,
    "return_to" TEXT NOT NULL,
    "session" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "taken_at" TIMESTAMPTZ(3),
    "refreshed_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "tenant_logins_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "tenants_created_at_id_idx" ON "tenants"("created_at", "id");

-- CreateIndex
CREATE INDEX "tenants_name_idx" ON "tenants"("name");

-- CreateIndex
CREATE UNIQUE INDEX "tenants_tenant_id_test_key" ON "tenants"("tenant_id", "test");

-- CreateIndex
CREATE INDEX "tenant_bindings_instance_id_idx" ON "tenant_bindings"("instance_id");

-- CreateIndex
CREATE INDEX "tenant_members_tenant_ref_org_code_idx" ON "tenant_members"("tenant_ref", "org_code");

-- CreateIndex
CREATE INDEX "tenant_departments_tenant_ref_parent_code_org_code_idx" ON "tenant_departments"("tenant_ref", "parent_code", "org_code");

-- CreateIndex
CREATE INDEX "tenant_events_tenant_ref_position_idx" ON "tenant_events"("tenant_ref", "position");

-- CreateIndex
CREATE UNIQUE INDEX "tenant_events_tenant_ref_dedupe_key_key" ON "tenant_events"("tenant_ref", "dedupe_key");

-- CreateIndex
CREATE UNIQUE INDEX "tenant_logins_start_key_key" ON "tenant_logins"("start_key");

-- CreateIndex
CREATE INDEX "tenant_logins_tenant_ref_id_idx" ON "tenant_logins"("tenant_ref", "id");

-- AddForeignKey
ALTER TABLE "tenant_bindings" ADD CONSTRAINT "tenant_bindings_tenant_ref_fkey" FOREIGN KEY ("tenant_ref") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tenant_apps" ADD CONSTRAINT "tenant_apps_tenant_ref_fkey" FOREIGN KEY ("tenant_ref") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tenant_members" ADD CONSTRAINT "tenant_members_tenant_ref_fkey" FOREIGN KEY ("tenant_ref") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tenant_departments" ADD CONSTRAINT "tenant_departments_tenant_ref_fkey" FOREIGN KEY ("tenant_ref") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tenant_events" ADD CONSTRAINT "tenant_events_tenant_ref_fkey" FOREIGN KEY ("tenant_ref") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tenant_logins" ADD CONSTRAINT "tenant_logins_tenant_ref_fkey" FOREIGN KEY ("tenant_ref") REFERENCES "tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
