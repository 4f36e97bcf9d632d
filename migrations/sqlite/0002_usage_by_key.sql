-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- How many keys there are, kept by the writer: a count over a million keys is otherwise a walk, however it is capped.
CREATE TABLE key_count (
    app_id TEXT    NOT NULL,
    kind   TEXT    NOT NULL,
    state  TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (app_id, kind, state)
) STRICT, WITHOUT ROWID;
INSERT INTO key_count (app_id, kind, state, n) SELECT app_id, kind, state, count(*) FROM api_key GROUP BY app_id, kind, state;

CREATE TRIGGER api_key_count_added AFTER INSERT ON api_key BEGIN
    INSERT INTO key_count (app_id, kind, state, n) VALUES (NEW.app_id, NEW.kind, NEW.state, 1)
        ON CONFLICT (app_id, kind, state) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER api_key_count_gone AFTER DELETE ON api_key BEGIN
    UPDATE key_count SET n = n - 1 WHERE app_id = OLD.app_id AND kind = OLD.kind AND state = OLD.state;
END;
CREATE TRIGGER api_key_count_moved AFTER UPDATE OF state ON api_key WHEN OLD.state <> NEW.state BEGIN
    UPDATE key_count SET n = n - 1 WHERE app_id = OLD.app_id AND kind = OLD.kind AND state = OLD.state;
    INSERT INTO key_count (app_id, kind, state, n) VALUES (NEW.app_id, NEW.kind, NEW.state, 1)
        ON CONFLICT (app_id, kind, state) DO UPDATE SET n = n + 1;
END;

-- Verify calls by key, hour and verdict.
CREATE TABLE key_usage_hour (
    key_id TEXT    NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    hour   INTEGER NOT NULL,
    code   TEXT    NOT NULL,
    calls  INTEGER NOT NULL,
    PRIMARY KEY (key_id, hour, code)
) STRICT, WITHOUT ROWID;
-- Which keys were accepted or refused of late, and what is old.
CREATE INDEX key_usage_hour_code ON key_usage_hour (code, hour, key_id);

-- The last refused calls of each key, as they were asked. n tells calls of one moment apart.
CREATE TABLE key_refusal (
    key_id      TEXT    NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    at          INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    code        TEXT    NOT NULL,
    edge        TEXT    NOT NULL,
    address     TEXT,
    origin      TEXT,
    permissions TEXT,
    kind        TEXT,
    method      TEXT,
    path        TEXT,
    PRIMARY KEY (key_id, at, n)
) STRICT, WITHOUT ROWID;
