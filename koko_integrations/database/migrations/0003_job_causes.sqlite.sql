-- A webhook may be a job's cause. SQLite alters no CHECK: the table is made anew, and the one that refers to it with it,
-- as dropping a table deletes what refers to its rows. The columns are in the order that they had.

ALTER TABLE job RENAME TO old_job;
ALTER TABLE job_file RENAME TO old_job_file;
CREATE TABLE job (
  id TEXT PRIMARY KEY NOT NULL,
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('sync', 'import', 'export')),
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled')),
  active_key TEXT UNIQUE,
  cause TEXT NOT NULL CHECK (cause IN ('manual', 'schedule', 'watch', 'webhook')),
  requested_by TEXT NOT NULL,
  request_id TEXT NOT NULL,
  request TEXT NOT NULL DEFAULT '{}',
  state TEXT NOT NULL DEFAULT '{}',
  errors TEXT NOT NULL DEFAULT '[]',
  attempt INTEGER NOT NULL DEFAULT 1,
  epoch INTEGER NOT NULL DEFAULT 0,
  executor TEXT,
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  enqueued_at INTEGER,
  started_at INTEGER,
  finished_at INTEGER
);

CREATE TABLE job_file (
  job_id TEXT NOT NULL REFERENCES job(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  external_path TEXT,
  title TEXT,
  name TEXT,
  mime_type TEXT,
  status TEXT NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'running', 'landing', 'done', 'skipped', 'failed', 'cancelled')),
  asset_id TEXT,
  video_id TEXT,
  external_id TEXT,
  version TEXT,
  size INTEGER,
  done_bytes INTEGER NOT NULL DEFAULT 0,
  sha256 TEXT,
  session TEXT,
  error TEXT,
  PRIMARY KEY (job_id, number)
);

INSERT INTO job SELECT * FROM old_job;
INSERT INTO job_file SELECT * FROM old_job_file;
DROP TABLE old_job_file;
DROP TABLE old_job;
CREATE INDEX IF NOT EXISTS job_page_idx ON job (integration_id, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS job_status_idx ON job (status, enqueued_at);
CREATE INDEX IF NOT EXISTS job_finished_idx ON job (finished_at);
