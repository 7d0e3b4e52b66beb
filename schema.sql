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
  fields_base TEXT,
  fields_seen TEXT,
  PRIMARY KEY (integration_id, koko_id),
  UNIQUE (integration_id, entity, external_id)
);
CREATE INDEX IF NOT EXISTS sync_link_container_idx ON sync_link (integration_id, container, state);

-- What a team's mapFields says: which of Koko's values goes into which field of the tasks there, in the order given.
CREATE TABLE IF NOT EXISTS field_mapping (
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  entity_type TEXT NOT NULL CHECK (entity_type IN ('project', 'video', 'comment')),
  position INTEGER NOT NULL,
  koko_field TEXT NOT NULL,
  external_field TEXT NOT NULL,
  transform TEXT NOT NULL CHECK (transform IN ('none', 'uppercase', 'lowercase', 'date', 'custom')),
  custom_transform TEXT,
  PRIMARY KEY (integration_id, entity_type, position)
);

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

-- What happened in Koko, as its services publish it; `content_hash` tells a repetition from another event of the same id.
CREATE TABLE IF NOT EXISTS event (
  team_id TEXT NOT NULL REFERENCES team(id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  project_id TEXT,
  actor_id TEXT,
  data TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  occurred_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (team_id, id)
);
CREATE INDEX IF NOT EXISTS event_type_idx ON event (team_id, type, received_at DESC);
CREATE INDEX IF NOT EXISTS event_received_idx ON event (received_at);

-- Where events go: a webhook of the team's own, a hook URL that Zapier or Make subscribed, a channel that is told. A webhook
-- and a channel have the id of their integration. `sealed` holds address, headers and secrets. `next_due_at` is when the
-- first of its deliveries is due; one process at a time holds the lease and sends. After failures in a row it rests; once
-- the receiver has said that it is gone it is off.
CREATE TABLE IF NOT EXISTS endpoint (
  id TEXT PRIMARY KEY NOT NULL,
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  team_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('webhook', 'hook', 'channel')),
  events TEXT NOT NULL DEFAULT '[]',
  filters TEXT NOT NULL DEFAULT '{}',
  sealed TEXT,
  next_due_at INTEGER,
  lease_holder TEXT,
  lease_until INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  rests_until INTEGER NOT NULL DEFAULT 0,
  degraded_at INTEGER,
  last_error TEXT,
  off_at INTEGER,
  created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS endpoint_team_idx ON endpoint (team_id);
CREATE INDEX IF NOT EXISTS endpoint_integration_idx ON endpoint (integration_id);
CREATE INDEX IF NOT EXISTS endpoint_due_idx ON endpoint (next_due_at) WHERE next_due_at IS NOT NULL;

-- The ledger of what is to be sent. The id is the receiver's idempotency key, the same at every attempt. `attempts` is a
-- list of what came of each. `subject` is unique where something is told once only, such as an upload.
CREATE TABLE IF NOT EXISTS delivery (
  id TEXT PRIMARY KEY NOT NULL,
  endpoint_id TEXT NOT NULL REFERENCES endpoint(id) ON DELETE CASCADE,
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  team_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  subject TEXT UNIQUE,
  status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
  tries INTEGER NOT NULL DEFAULT 0,
  attempts TEXT NOT NULL DEFAULT '[]',
  due_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  finished_at INTEGER
);
CREATE INDEX IF NOT EXISTS delivery_due_idx ON delivery (endpoint_id, due_at, id) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS delivery_page_idx ON delivery (integration_id, created_at DESC, id DESC);
CREATE UNIQUE INDEX IF NOT EXISTS delivery_event_idx ON delivery (event_id, endpoint_id);
CREATE INDEX IF NOT EXISTS delivery_created_idx ON delivery (created_at);

-- What Zapier and Make asked Koko to make, by the ids that they gave: asked for again, it is not made again. One without an
-- answer was begun, and how it ended is not known.
CREATE TABLE IF NOT EXISTS tool_request (
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  request_id TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  answer TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (integration_id, request_id)
);
CREATE INDEX IF NOT EXISTS tool_request_created_idx ON tool_request (created_at);

-- The message that the others about a video are replies to, channel by channel.
CREATE TABLE IF NOT EXISTS notification_thread (
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  channel_id TEXT NOT NULL,
  video_id TEXT NOT NULL,
  thread TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (integration_id, channel_id, video_id)
);

-- Where a provider reaches us about an integration: the id is in the address, and hard to guess. `sealed` holds what its
-- messages are verified by. `subscription_id` is the provider's own, of a `target` there; it is renewed at `renew_at`.
CREATE TABLE IF NOT EXISTS inbound_address (
  id TEXT PRIMARY KEY NOT NULL,
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  team_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  target TEXT NOT NULL,
  sealed TEXT,
  subscription_id TEXT,
  expires_at INTEGER,
  renew_at INTEGER,
  last_received_at INTEGER,
  error TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (integration_id, target)
);
CREATE INDEX IF NOT EXISTS inbound_address_renew_idx ON inbound_address (renew_at) WHERE renew_at IS NOT NULL;

-- What a provider has sent to the address of its whole app, for later messages to be verified by: the first one stays.
-- It is no team's, so `team_id` is empty.
CREATE TABLE IF NOT EXISTS inbound_app (
  provider TEXT PRIMARY KEY NOT NULL,
  team_id TEXT NOT NULL DEFAULT '',
  sealed TEXT NOT NULL,
  created_at INTEGER NOT NULL
);

-- What providers told us, committed before they are answered. The key is the message's own id, or a hash of it.
CREATE TABLE IF NOT EXISTS inbound_message (
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  message_key TEXT NOT NULL,
  content TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  processed_at INTEGER,
  PRIMARY KEY (integration_id, message_key)
);
CREATE INDEX IF NOT EXISTS inbound_message_waiting_idx ON inbound_message (received_at) WHERE processed_at IS NULL;
CREATE INDEX IF NOT EXISTS inbound_message_received_idx ON inbound_message (received_at);

-- How much of a limit was used in a window of time. Processes take a few at once.
CREATE TABLE IF NOT EXISTS rate_window (
  name TEXT PRIMARY KEY NOT NULL,
  window_at INTEGER NOT NULL,
  used INTEGER NOT NULL,
  ends_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS rate_window_ends_idx ON rate_window (ends_at);

-- The journal's runs, counted as they are written: a row for each hour and each day (UTC), by action. `span_ms` says which
-- of the two it is. `latencies` counts durations by range, as koko_integrations/metrics/latency.py packs them.
CREATE TABLE IF NOT EXISTS integration_metric (
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  span_ms INTEGER NOT NULL CHECK (span_ms IN (3600000, 86400000)),
  begins_at INTEGER NOT NULL,
  action TEXT NOT NULL,
  succeeded INTEGER NOT NULL DEFAULT 0,
  partial INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  items INTEGER NOT NULL DEFAULT 0,
  latencies TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (integration_id, span_ms, begins_at, action)
);
CREATE INDEX IF NOT EXISTS integration_metric_span_idx ON integration_metric (span_ms, begins_at);

-- What went wrong in them: how many runs had an error, by what it says without names and numbers.
CREATE TABLE IF NOT EXISTS integration_failure (
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  span_ms INTEGER NOT NULL CHECK (span_ms IN (3600000, 86400000)),
  begins_at INTEGER NOT NULL,
  error TEXT NOT NULL,
  runs INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (integration_id, span_ms, begins_at, error)
);
CREATE INDEX IF NOT EXISTS integration_failure_span_idx ON integration_failure (span_ms, begins_at);
CREATE INDEX IF NOT EXISTS integration_usage_hour_idx ON integration_usage (hour_at);

-- A trigger: when an event of this type meets all conditions, the action is done. The triggers of an integration are in the
-- order of `position`. `action` holds its type and configuration with secrets masked; `sealed` holds those secrets.
CREATE TABLE IF NOT EXISTS trigger_rule (
  id TEXT PRIMARY KEY NOT NULL,
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  team_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  event TEXT NOT NULL,
  conditions TEXT NOT NULL,
  action TEXT NOT NULL,
  sealed TEXT,
  created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS trigger_rule_event_idx ON trigger_rule (team_id, event);
CREATE INDEX IF NOT EXISTS trigger_rule_integration_idx ON trigger_rule (integration_id, position);

-- Who does what an integration's triggers want: one process at a time, which holds the lease. `next_due_at` is when the
-- first of its turns is due; `turns` counts them.
CREATE TABLE IF NOT EXISTS trigger_lane (
  integration_id TEXT PRIMARY KEY NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  turns INTEGER NOT NULL DEFAULT 0,
  next_due_at INTEGER,
  lease_holder TEXT,
  lease_until INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS trigger_lane_due_idx ON trigger_lane (next_due_at) WHERE next_due_at IS NOT NULL;

-- One event at an integration whose triggers it fired, numbered in the order in which they came: `evaluation` explains
-- each of the triggers, for the log.
CREATE TABLE IF NOT EXISTS trigger_turn (
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  event_id TEXT NOT NULL,
  team_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  evaluation TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  finished_at INTEGER,
  PRIMARY KEY (integration_id, event_id)
);
CREATE INDEX IF NOT EXISTS trigger_turn_due_idx ON trigger_turn (integration_id, number) WHERE finished_at IS NULL;
CREATE INDEX IF NOT EXISTS trigger_turn_created_idx ON trigger_turn (created_at);

-- What a trigger did about an event, once. The row is there before anything is done: what it names is never done again.
-- `subject` is the video or the like that the event is about.
CREATE TABLE IF NOT EXISTS trigger_run (
  trigger_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  integration_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  subject TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('started', 'succeeded', 'failed', 'skipped')),
  result TEXT NOT NULL DEFAULT '{}',
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  PRIMARY KEY (trigger_id, event_id),
  FOREIGN KEY (integration_id, event_id) REFERENCES trigger_turn (integration_id, event_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS trigger_run_turn_idx ON trigger_run (integration_id, event_id, position);
CREATE INDEX IF NOT EXISTS trigger_run_recent_idx ON trigger_run (integration_id, started_at);

-- Tasks that triggers have made, by what in Koko they are about: a comment, or a video.
CREATE TABLE IF NOT EXISTS trigger_task (
  integration_id TEXT NOT NULL REFERENCES integration(id) ON DELETE CASCADE,
  koko_id TEXT NOT NULL,
  container TEXT NOT NULL,
  external_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (integration_id, koko_id, external_id)
);
CREATE INDEX IF NOT EXISTS trigger_task_created_idx ON trigger_task (created_at);

-- The version of this schema that the database has: one row.
CREATE TABLE IF NOT EXISTS integrations_schema (
  version INTEGER PRIMARY KEY NOT NULL
);
