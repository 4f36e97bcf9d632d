-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- A key is counted as active if it passes now: the same range of the index that finds expired keys, with the start of each
-- key in it.
DROP INDEX api_key_kind_state_expiry;
CREATE INDEX api_key_kind_state_expiry ON api_key (app_id, kind, state, expires_at, not_before);
-- For "not yet valid". Few keys have a start.
CREATE INDEX api_key_start ON api_key (app_id, kind, state, not_before) WHERE not_before > 0;

-- What is left of each key's name from each of its later words on: a search for the beginning of a word is a range of these.
-- Whoever deletes or renames a key changes them, too; a reference to the key would need an index of its own.
CREATE TABLE key_name_part (
    app_id TEXT    NOT NULL,
    part   TEXT    NOT NULL,
    key_id TEXT    NOT NULL,
    PRIMARY KEY (app_id, part, key_id)
) STRICT, WITHOUT ROWID;
INSERT INTO key_name_part (app_id, part, key_id)
    WITH RECURSIVE place (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM place WHERE n < (SELECT MAX(length(name_key)) FROM api_key))
    SELECT app_id, substr(name_key, n), id FROM api_key JOIN place ON n <= length(name_key)
    WHERE instr(' -_./:,([@+#', substr(name_key, n - 1, 1)) > 0 AND instr(' -_./:,([@+#', substr(name_key, n, 1)) = 0;

-- Filters of the key list that a person keeps under a name.
CREATE TABLE saved_view (
    person_id  TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    query      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (person_id, name)
) STRICT, WITHOUT ROWID;
