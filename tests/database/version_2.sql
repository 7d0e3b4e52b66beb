-- koko_integrations: every table this service reads or writes, in SQLite's dialect.
--
-- `koko-integrations init-db` runs this file as it stands on SQLite. On PostgreSQL the same text is used with
-- INTEGER read as BIGINT and the clock expression replaced; see koko_integrations/database/schema.py.
-- Times are epoch milliseconds. JSON is kept as text. The clock expression works on SQLite before 3.42,
-- where unixepoch('subsecond') is NULL.

-- Koko's own tables: read here, never altered. They exist already where Koko does; a database of our own gets
-- the columns that we need.

CREATE TABLE IF NOT EXISTS "user" (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  image TEXT
);

CREATE TABLE IF NOT EXISTS session (
  id TEXT PRIMARY KEY NOT NULL,
  token TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL REFERENCES "user"(id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS team (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  slug TEXT NOT NULL UNIQUE,
  owner_id TEXT NOT NULL REFERENCES "user"(id),
  deleted_at INTEGER
);

CREATE TABLE IF NOT EXISTS team_member (
  id TEXT PRIMARY KEY NOT NULL,
  team_id TEXT NOT NULL REFERENCES team(id) ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES "user"(id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  joined_at INTEGER NOT NULL,
  UNIQUE (team_id, user_id)
);

CREATE TABLE IF NOT EXISTS project (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  owner_id TEXT NOT NULL REFERENCES "user"(id),
  status TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS project_member (
  project_id TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES "user"(id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'reviewer', 'viewer')),
  can_upload INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (project_id, user_id)
);

CREATE TABLE IF NOT EXISTS video (
  id TEXT PRIMARY KEY NOT NULL,
  project_id TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  description TEXT,
  tags TEXT,
  status TEXT NOT NULL CHECK (status IN ('uploading', 'processing', 'ready', 'failed')),
  duration INTEGER,
  fps REAL,
  updated_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS comment (
  id TEXT PRIMARY KEY NOT NULL,
  video_id TEXT NOT NULL REFERENCES video(id) ON DELETE CASCADE,
  author_id TEXT NOT NULL REFERENCES "user"(id),
  text TEXT NOT NULL,
  timecode INTEGER,
  parent_id TEXT,
  resolved INTEGER NOT NULL DEFAULT 0,
  resolved_at INTEGER,
  resolved_by TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS asset_folder (
  id TEXT PRIMARY KEY NOT NULL,
  project_id TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  parent_id TEXT
);

CREATE TABLE IF NOT EXISTS asset (
  id TEXT PRIMARY KEY NOT NULL,
  project_id TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE,
  uploaded_by TEXT NOT NULL REFERENCES "user"(id),
  name TEXT NOT NULL,
  original_file_name TEXT NOT NULL,
  file_size INTEGER NOT NULL,
  mime_type TEXT NOT NULL,
  storage_key TEXT NOT NULL,
  storage_url TEXT NOT NULL,
  folder_id TEXT REFERENCES asset_folder(id),
  description TEXT,
  deleted_at INTEGER
);

-- The two tables of the Integrations API document, column by column.

CREATE TABLE IF NOT EXISTS integration (
  id TEXT PRIMARY KEY NOT NULL,
  team_id TEXT NOT NULL REFERENCES team(id) ON DELETE CASCADE,
  provider TEXT NOT NULL,
  provider_name TEXT NOT NULL,
  provider_icon TEXT,
  category TEXT NOT NULL
    CHECK (category IN ('communication', 'project_management', 'storage', 'creative', 'automation')),
  status TEXT NOT NULL DEFAULT 'disconnected'
    CHECK (status IN ('connected', 'disconnected', 'error', 'pending')),
  connected_by TEXT REFERENCES "user"(id),
  connected_at INTEGER,
  config TEXT NOT NULL DEFAULT '{}',
  scope TEXT NOT NULL DEFAULT '[]',
  access_token TEXT,
  refresh_token TEXT,
  token_expires_at INTEGER,
  last_sync_at INTEGER,
  last_sync_status TEXT CHECK (last_sync_status IN ('success', 'partial', 'failed')),
  sync_errors TEXT,
  created_at INTEGER NOT NULL DEFAULT (cast((julianday('now') - 2440587.5) * 86400000 as integer)),
  updated_at INTEGER NOT NULL DEFAULT (cast((julianday('now') - 2440587.5) * 86400000 as integer))
);
CREATE INDEX IF NOT EXISTS integration_team_idx ON integration (team_id);
CREATE INDEX IF NOT EXISTS integration_provider_idx ON integration (provider);
CREATE INDEX IF NOT EXISTS integration_status_idx ON integration (status);

CREATE TABLE IF NOT EXISTS integration_log (
  id TEXT PRIMARY KEY NOT NULL,
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  action TEXT NOT NULL CHECK (action IN ('sync', 'import', 'export', 'notify', 'webhook')),
  status TEXT NOT NULL CHECK (status IN ('success', 'failed', 'partial')),
  details TEXT NOT NULL DEFAULT '{}',
  created_at INTEGER NOT NULL DEFAULT (cast((julianday('now') - 2440587.5) * 86400000 as integer))
);
CREATE INDEX IF NOT EXISTS integration_log_integration_idx ON integration_log (integration_id);
CREATE INDEX IF NOT EXISTS integration_log_created_idx ON integration_log (created_at);
-- A page of one integration's log is one short range of this index, whatever the size of the table.
CREATE INDEX IF NOT EXISTS integration_log_page_idx ON integration_log (integration_id, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS integration_log_action_idx ON integration_log (integration_id, action, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS integration_log_status_idx ON integration_log (integration_id, status, created_at DESC, id DESC);

-- Our own tables.

-- The live side of an integration, one row each. `slot` is empty where a team has one connection of a provider, and
-- names the remote account or the row itself where it may have several: the unique constraint decides every race.
-- `refresh_at` is when the token is to be renewed; the lease and its epoch let one process at a time do it.
-- `next_allowed_at` is until when the provider has asked us to wait; `next_sync_at` is when the next sync is due.
-- `watched_from` is since when new files of the watched folder are imported: what was there before is not new.
CREATE TABLE IF NOT EXISTS integration_connection (
  integration_id TEXT PRIMARY KEY NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  team_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  slot TEXT NOT NULL DEFAULT '',
  auth_method TEXT,
  secrets TEXT,
  credential_version INTEGER NOT NULL DEFAULT 0,
  refresh_at INTEGER,
  refresh_epoch INTEGER NOT NULL DEFAULT 0,
  refresh_lease_until INTEGER,
  refresh_failures INTEGER NOT NULL DEFAULT 0,
  account TEXT NOT NULL DEFAULT '{}',
  last_check_at INTEGER,
  last_check_error TEXT,
  next_allowed_at INTEGER,
  next_sync_at INTEGER,
  last_full_sync_at INTEGER,
  watched_from INTEGER,
  UNIQUE (team_id, provider, slot)
);
CREATE INDEX IF NOT EXISTS integration_connection_refresh_idx ON integration_connection (refresh_at);
CREATE INDEX IF NOT EXISTS integration_connection_sync_idx ON integration_connection (next_sync_at);

-- A connect that waits for the user's consent. The state itself is never stored, only its SHA-256.
CREATE TABLE IF NOT EXISTS pending_connection (
  state_hash TEXT PRIMARY KEY NOT NULL,
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  team_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  provider TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  code_verifier TEXT,
  config TEXT NOT NULL DEFAULT '{}',
  previous_status TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS pending_connection_integration_idx ON pending_connection (integration_id);
CREATE INDEX IF NOT EXISTS pending_connection_expires_idx ON pending_connection (expires_at);

-- Keys that Koko issues to the tools that call it; only the SHA-256 of a key is kept.
CREATE TABLE IF NOT EXISTS api_key (
  key_hash TEXT PRIMARY KEY NOT NULL,
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  team_id TEXT NOT NULL,
  last_used_at INTEGER,
  created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS api_key_integration_idx ON api_key (integration_id);

-- What an integration used, counted as it happens, by UTC hour.
CREATE TABLE IF NOT EXISTS integration_usage (
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  hour_at INTEGER NOT NULL,
  syncs INTEGER NOT NULL DEFAULT 0,
  api_calls INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (integration_id, hour_at)
);

-- Work that outlives a call. `active_key` is taken while a job waits or runs, so that there is one sync at a time for an
-- integration. `attempt` names the engine's run of it; `epoch` fences off a run that has been overtaken. `state` is the
-- progress, entity by entity; `enqueued_at` is empty until the engine has it.
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

-- Where the pulling of an entity of a project (board, database, folder) stands. `watermark` is where the next
-- incremental pass begins; the columns of the pass are those of the job that is or was the last at it.
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

-- What was seen at the provider. `visit` says, by bits, which entities of a task are still to be looked at.
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

-- Which Koko comment is which item. The `base` is what both sides last agreed on: whoever differs from it has changed.
-- `origin` is the side that made it first, so that nothing echoes. A link that is `creating` has been asked for and not
-- been confirmed: before it is asked for again, it is looked for.
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

-- The version of this schema that the database has: one row.
CREATE TABLE IF NOT EXISTS integrations_schema (
  version INTEGER PRIMARY KEY NOT NULL
);
