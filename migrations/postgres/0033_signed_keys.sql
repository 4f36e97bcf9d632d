-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The integration that a key belongs to; '' for keys of other kinds.
ALTER TABLE api_key ADD COLUMN integration_id TEXT NOT NULL DEFAULT '';
CREATE INDEX api_key_integration ON api_key (integration_id, id) WHERE integration_id <> '';

-- For the kinds whose secret signs tokens: the secret, sealed for its place, and the version of the data key that sealed
-- it. Empty and 0 for all other kinds, and for a secret that is older than this.
ALTER TABLE key_secret ADD COLUMN sealed BYTEA NOT NULL DEFAULT '';
ALTER TABLE key_secret ADD COLUMN seal_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE key_rotation ADD COLUMN sealed BYTEA NOT NULL DEFAULT '';
ALTER TABLE key_rotation ADD COLUMN seal_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_key DROP COLUMN sealed_secret;
