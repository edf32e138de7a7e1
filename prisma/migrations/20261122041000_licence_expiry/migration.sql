-- What expires soon is counted on every look at the overview.
CREATE INDEX "licenses_expires_at_idx" ON "licenses"("expires_at");
