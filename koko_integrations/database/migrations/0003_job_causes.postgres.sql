-- A webhook may be a job's cause.

ALTER TABLE job DROP CONSTRAINT job_cause_check;
ALTER TABLE job ADD CONSTRAINT job_cause_check CHECK (cause IN ('manual', 'schedule', 'watch', 'webhook'));
