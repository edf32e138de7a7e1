-- Instances whose use has to be reported, and how long those that were closed had to: a month's overview looks for the ones
-- without records, and reads nothing else of them.
CREATE INDEX "instances_owing_idx" ON "instances" ("instance_id") INCLUDE ("product_ref", "delivered_at")
  WHERE "state" = 'active' AND NOT "test" AND "charging_mode" = 'ON_DEMAND';
CREATE INDEX "instances_closed_idx" ON "instances" ("released_at")
  WHERE "state" = 'released' AND NOT "test" AND "charging_mode" = 'ON_DEMAND';
