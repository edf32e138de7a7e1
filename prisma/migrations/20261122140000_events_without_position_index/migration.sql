-- The unique index leads with the instance too, and an instance has few events to sort: every call pays for an index.
DROP INDEX "instance_events_instance_id_position_idx";
