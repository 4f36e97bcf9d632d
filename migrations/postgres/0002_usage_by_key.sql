-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- How many keys there are, kept by the writer: a count over a million keys is otherwise a walk, however it is capped.
CREATE TABLE key_count (
    app_id TEXT COLLATE "C" NOT NULL,
    kind   TEXT COLLATE "C" NOT NULL,
    state  TEXT COLLATE "C" NOT NULL,
    n      BIGINT  NOT NULL,
    PRIMARY KEY (app_id, kind, state)
);
INSERT INTO key_count (app_id, kind, state, n) SELECT app_id, kind, state, count(*) FROM api_key GROUP BY app_id, kind, state;

-- By statement: many keys may come in one.
CREATE FUNCTION api_key_count_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO key_count AS c (app_id, kind, state, n) SELECT app_id, kind, state, count(*) FROM added GROUP BY app_id, kind, state
        ON CONFLICT (app_id, kind, state) DO UPDATE SET n = c.n + excluded.n;
    RETURN NULL;
END $$;
CREATE FUNCTION api_key_count_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE key_count c SET n = c.n - g.n FROM (SELECT app_id, kind, state, count(*) AS n FROM gone GROUP BY app_id, kind, state) g
        WHERE (c.app_id, c.kind, c.state) = (g.app_id, g.kind, g.state);
    RETURN NULL;
END $$;
CREATE FUNCTION api_key_count_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE key_count SET n = n - 1 WHERE (app_id, kind, state) = (OLD.app_id, OLD.kind, OLD.state);
    INSERT INTO key_count AS c (app_id, kind, state, n) VALUES (NEW.app_id, NEW.kind, NEW.state, 1)
        ON CONFLICT (app_id, kind, state) DO UPDATE SET n = c.n + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER api_key_count_added AFTER INSERT ON api_key
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION api_key_count_added();
CREATE TRIGGER api_key_count_gone AFTER DELETE ON api_key
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION api_key_count_gone();
CREATE TRIGGER api_key_count_moved AFTER UPDATE OF state ON api_key
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION api_key_count_moved();

-- Verify calls by key, hour and verdict.
CREATE TABLE key_usage_hour (
    key_id TEXT COLLATE "C" NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    hour   BIGINT  NOT NULL,
    code   TEXT COLLATE "C" NOT NULL,
    calls  BIGINT  NOT NULL,
    PRIMARY KEY (key_id, hour, code)
);
-- Which keys were accepted or refused of late, and what is old.
CREATE INDEX key_usage_hour_code ON key_usage_hour (code, hour, key_id);

-- The last refused calls of each key, as they were asked. n tells calls of one moment apart.
CREATE TABLE key_refusal (
    key_id      TEXT COLLATE "C" NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    at          BIGINT  NOT NULL,
    n           BIGINT  NOT NULL,
    code        TEXT    NOT NULL,
    edge        TEXT    NOT NULL,
    address     TEXT,
    origin      TEXT,
    permissions TEXT,
    kind        TEXT,
    method      TEXT,
    path        TEXT,
    PRIMARY KEY (key_id, at, n)
);
