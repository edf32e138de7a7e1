-- Every index is paid for by every call. What most rows share is found by walking the primary key; only what is rare is indexed.
DROP INDEX "calls_outcome_id_idx";
DROP INDEX "calls_result_code_id_idx";
DROP INDEX "calls_activity_id_idx";
CREATE INDEX "calls_rare_outcome_idx" ON "calls"("outcome", "id") WHERE "outcome" IN ('failed', 'rejected');
CREATE INDEX "calls_rare_result_code_idx" ON "calls"("result_code", "id") WHERE "result_code" NOT IN ('000000', '000004');
CREATE INDEX "calls_rare_activity_idx" ON "calls"("activity", "id") WHERE "activity" NOT IN ('newInstance', 'queryInstance', 'refreshInstance');

DROP INDEX "instances_customer_id_idx";
DROP INDEX "instances_customer_name_idx";
DROP INDEX "messages_customer_id_idx";
CREATE INDEX "instances_known_customer_id_idx" ON "instances"("customer_id") WHERE "customer_id" IS NOT NULL;
CREATE INDEX "instances_known_customer_name_idx" ON "instances"("customer_name") WHERE "customer_name" IS NOT NULL;
CREATE INDEX "messages_known_customer_id_idx" ON "messages"("customer_id") WHERE "customer_id" IS NOT NULL;

-- Nonces live for minutes; looking through all of them once a minute costs less than an index of their times.
DROP INDEX "nonces_seen_at_idx";
