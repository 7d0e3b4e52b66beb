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
