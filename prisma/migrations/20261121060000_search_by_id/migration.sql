-- Lists are searched by the beginning of an id and filtered by rare values.
CREATE INDEX "calls_activity_id_idx" ON "calls"("activity", "id");
CREATE INDEX "calls_result_code_id_idx" ON "calls"("result_code", "id");
CREATE INDEX "instances_order_line_id_idx" ON "instances"("order_line_id");
CREATE INDEX "instances_customer_name_idx" ON "instances"("customer_name");
CREATE INDEX "instances_business_id_idx" ON "instances"("business_id");
CREATE INDEX "messages_order_line_id_idx" ON "messages"("order_line_id");
CREATE INDEX "messages_customer_id_idx" ON "messages"("customer_id");
