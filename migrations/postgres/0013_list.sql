-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- A key is counted as active if it passes now: the same range of the index that finds expired keys, with the start of each
-- key in it.
DROP INDEX api_key_kind_state_expiry;
CREATE INDEX api_key_kind_state_expiry ON api_key (app_id, kind, state, expires_at, not_before);
-- For "not yet valid". Few keys have a start.
CREATE INDEX api_key_start ON api_key (app_id, kind, state, not_before) WHERE not_before > 0;

-- What is left of each key's name from each of its later words on: a search for the beginning of a word is a range of these.
-- Whoever deletes or renames a key changes them, too; a reference to the key would need an index of its own.
CREATE TABLE key_name_part (
    app_id TEXT COLLATE "C" NOT NULL,
    part   TEXT COLLATE "C" NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (app_id, part, key_id)
);
INSERT INTO key_name_part (app_id, part, key_id)
    SELECT app_id, substr(name_key, n), id FROM api_key CROSS JOIN LATERAL generate_series(2, length(name_key)) AS n
    WHERE strpos(' -_./:,([@+#', substr(name_key, n - 1, 1)) > 0 AND strpos(' -_./:,([@+#', substr(name_key, n, 1)) = 0;

-- Filters of the key list that a person keeps under a name.
CREATE TABLE saved_view (
    person_id  TEXT    NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    name       TEXT COLLATE "C" NOT NULL,
    query      TEXT    NOT NULL,
    created_at BIGINT  NOT NULL,
    PRIMARY KEY (person_id, name)
);
