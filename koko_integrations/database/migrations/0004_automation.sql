-- Automation: what teams want done by itself. Made as in schema.sql.

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
