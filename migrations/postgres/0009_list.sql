-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- A key is counted as active if it passes now: the same range of the index that finds expired keys, with the start of each
-- key in it.
DROP INDEX api_key_kind_state_expiry;
CREATE INDEX api_key_kind_state_expiry ON api_key (app_id, kind, state, expires_at, not_before);
-- For "not yet valid". Few keys have a start.
CREATE INDEX api_key_start ON api_key (app_id, kind, state, not_before) WHERE not_before > 0;
