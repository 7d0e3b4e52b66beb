-- Events: what is published, delivered, received, and how often. Made as in schema.sql.

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
