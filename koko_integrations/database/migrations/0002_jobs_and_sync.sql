-- Jobs and synchronising. New tables are made as in schema.sql; the table of connections learns when it syncs.

ALTER TABLE integration_connection ADD COLUMN next_allowed_at INTEGER;
ALTER TABLE integration_connection ADD COLUMN next_sync_at INTEGER;
ALTER TABLE integration_connection ADD COLUMN last_full_sync_at INTEGER;
ALTER TABLE integration_connection ADD COLUMN watched_from INTEGER;
-- autoSync could be set before there was anything to keep it.
UPDATE integration_connection SET next_sync_at = cast((julianday('now') - 2440587.5) * 86400000 as integer)
  WHERE integration_id IN (SELECT id FROM integration WHERE status = 'connected' AND config LIKE '%"autoSync":true%');
CREATE INDEX IF NOT EXISTS integration_connection_sync_idx ON integration_connection (next_sync_at);
CREATE INDEX IF NOT EXISTS integration_log_action_idx ON integration_log (integration_id, action, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS integration_log_status_idx ON integration_log (integration_id, status, created_at DESC, id DESC);

CREATE TABLE IF NOT EXISTS job (
  id TEXT PRIMARY KEY NOT NULL,
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('sync', 'import', 'export')),
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled')),
  active_key TEXT UNIQUE,
  cause TEXT NOT NULL CHECK (cause IN ('manual', 'schedule', 'watch')),
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
CREATE INDEX IF NOT EXISTS job_page_idx ON job (integration_id, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS job_status_idx ON job (status, enqueued_at);
CREATE INDEX IF NOT EXISTS job_finished_idx ON job (finished_at);

CREATE TABLE IF NOT EXISTS sync_state (
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  entity TEXT NOT NULL,
  container TEXT NOT NULL,
  watermark TEXT,
  generation INTEGER NOT NULL DEFAULT 0,
  pass_job_id TEXT,
  pass_full INTEGER NOT NULL DEFAULT 0,
  pass_cursor TEXT,
  pass_watermark TEXT,
  pass_done INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (integration_id, entity, container)
);

CREATE TABLE IF NOT EXISTS synced_item (
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  entity TEXT NOT NULL,
  external_id TEXT NOT NULL,
  container TEXT NOT NULL,
  parent_id TEXT,
  content TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  modified_at INTEGER,
  generation INTEGER NOT NULL,
  visit INTEGER NOT NULL DEFAULT 0,
  first_seen_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  deleted_at INTEGER,
  PRIMARY KEY (integration_id, entity, external_id)
);
CREATE INDEX IF NOT EXISTS synced_item_container_idx ON synced_item (integration_id, entity, container, generation);
CREATE INDEX IF NOT EXISTS synced_item_deleted_idx ON synced_item (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS synced_item_parent_idx ON synced_item (integration_id, entity, parent_id);
CREATE INDEX IF NOT EXISTS synced_item_visit_idx ON synced_item (integration_id, container, external_id) WHERE visit > 0;

CREATE TABLE IF NOT EXISTS sync_link (
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  koko_id TEXT NOT NULL,
  entity TEXT NOT NULL,
  container TEXT NOT NULL,
  external_id TEXT,
  parent_id TEXT,
  origin TEXT NOT NULL CHECK (origin IN ('koko', 'external')),
  state TEXT NOT NULL CHECK (state IN ('creating', 'linked', 'gone', 'closed')),
  base_title TEXT NOT NULL DEFAULT '',
  base_text TEXT NOT NULL DEFAULT '',
  base_done INTEGER NOT NULL DEFAULT 0,
  external_changed INTEGER NOT NULL DEFAULT 0,
  attempted_at INTEGER NOT NULL,
  error TEXT,
  PRIMARY KEY (integration_id, koko_id),
  UNIQUE (integration_id, entity, external_id)
);
CREATE INDEX IF NOT EXISTS sync_link_container_idx ON sync_link (integration_id, container, state);

-- The files of an import or an export, in the order asked for. `external_path` is where it is at the provider; an export
-- learns it when it is done. What is imported gets its `asset_id` (or `video_id`) before its bytes come, so that a crash
-- leaves nothing under another name. `version` is what the staged bytes are of, `sha256` what they are once they are all
-- there. `session` is an upload's, sealed: it may be a credential.
CREATE TABLE IF NOT EXISTS job_file (
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

-- Which version of which file has been imported into which project: none is twice.
CREATE TABLE IF NOT EXISTS imported_file (
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  project_id TEXT NOT NULL,
  external_id TEXT NOT NULL,
  version TEXT NOT NULL,
  asset_id TEXT,
  video_id TEXT,
  imported_at INTEGER NOT NULL,
  PRIMARY KEY (integration_id, project_id, external_id, version)
);
