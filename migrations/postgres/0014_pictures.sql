-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- Keys that anybody can use from anywhere for ever, the oldest first. The condition is written so that no other index can
-- answer it. Where two indexes look alike to SQLite, it takes the one that was made last.
CREATE INDEX api_key_open ON api_key (app_id, kind, state, created_at, id)
    WHERE cidr_count + 0 = 0 AND domain_count + 0 = 0 AND denied_cidrs || '' = '[]' AND expires_at + 0 = 9223372036854775807;

-- The audit by time, by action and by person.
CREATE INDEX audit_event_at ON audit_event (at, seq);
CREATE INDEX audit_event_action ON audit_event (action, seq);
CREATE INDEX audit_event_actor ON audit_event (actor_label, action, seq);

-- The names that keys have had, in the form of name_key. The history of a key is found by any of them.
CREATE TABLE audit_name (
    name   TEXT COLLATE "C" NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (name, key_id)
);
INSERT INTO audit_name (name, key_id) SELECT name_key, id FROM api_key
    UNION SELECT lower(subject_label COLLATE "C"), subject_id FROM audit_event WHERE subject_kind = 'key';

-- How many events there are of each day, action and sort of subject, kept by the writer. A day is a number of days since
-- 1970.
CREATE TABLE audit_day (
    day          BIGINT NOT NULL,
    app_id       TEXT   COLLATE "C" NOT NULL,
    action       TEXT   COLLATE "C" NOT NULL,
    subject_kind TEXT   COLLATE "C" NOT NULL,
    key_kind     TEXT   COLLATE "C" NOT NULL,
    n            BIGINT NOT NULL,
    PRIMARY KEY (day, app_id, action, subject_kind, key_kind)
);
INSERT INTO audit_day (day, app_id, action, subject_kind, key_kind, n)
    SELECT at / 86400000, app_id, action, subject_kind, key_kind, count(*) FROM audit_event GROUP BY 1, 2, 3, 4, 5;

CREATE FUNCTION audit_event_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_day AS d (day, app_id, action, subject_kind, key_kind, n)
        SELECT at / 86400000, app_id, action, subject_kind, key_kind, count(*) FROM added GROUP BY 1, 2, 3, 4, 5
        ON CONFLICT (day, app_id, action, subject_kind, key_kind) DO UPDATE SET n = d.n + excluded.n;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_event_counted AFTER INSERT ON audit_event
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION audit_event_counted();
