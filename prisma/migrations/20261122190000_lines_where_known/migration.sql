-- A V2 purchase names no order line: like other ids that most rows lack, it is indexed where it is known.
DROP INDEX "instances_order_line_id_idx";
DROP INDEX "messages_order_line_id_idx";
CREATE INDEX "instances_known_order_line_id_idx" ON "instances"("order_line_id") WHERE "order_line_id" IS NOT NULL;
CREATE INDEX "messages_known_order_line_id_idx" ON "messages"("order_line_id") WHERE "order_line_id" IS NOT NULL;
