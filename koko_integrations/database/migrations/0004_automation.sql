-- Automation. New tables are made as in schema.sql.

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

-- What of a task's fields was last written, as JSON by field, and a hash of what that was worked out from.
ALTER TABLE sync_link ADD COLUMN fields_base TEXT;
ALTER TABLE sync_link ADD COLUMN fields_seen TEXT;

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

-- Charts do not begin empty: what is in the journal is counted. Before this version only syncs, imports and exports were
-- runs. How long they took and what they moved is in JSON, which SQLite and PostgreSQL read in different words: that
-- begins now.
INSERT INTO integration_metric (integration_id, span_ms, begins_at, action, succeeded, partial, failed)
  SELECT integration_id, 3600000, created_at - created_at % 3600000, action, SUM(CASE WHEN status = 'success' THEN 1 ELSE 0 END),
    SUM(CASE WHEN status = 'partial' THEN 1 ELSE 0 END), SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END)
  FROM integration_log WHERE action IN ('sync', 'import', 'export')
  GROUP BY integration_id, created_at - created_at % 3600000, action;
INSERT INTO integration_metric (integration_id, span_ms, begins_at, action, succeeded, partial, failed)
  SELECT integration_id, 86400000, created_at - created_at % 86400000, action, SUM(CASE WHEN status = 'success' THEN 1 ELSE 0 END),
    SUM(CASE WHEN status = 'partial' THEN 1 ELSE 0 END), SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END)
  FROM integration_log WHERE action IN ('sync', 'import', 'export')
  GROUP BY integration_id, created_at - created_at % 86400000, action;

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
