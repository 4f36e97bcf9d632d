-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- A key's last use of each hour and verdict goes with its count, which is written every second. api_key.last_used_at, which
-- lists are sorted by, follows as fast as its indexes allow. Code '' is a use without being asked about, and counts no call.
-- No reference to the key any more: looking it up took longer than counting. Whoever deletes a key deletes these, too.
CREATE TABLE key_usage_hour_4 (
    key_id            TEXT    NOT NULL,
    hour              INTEGER NOT NULL,
    code              TEXT    NOT NULL,
    calls             INTEGER NOT NULL,
    last_used_at      INTEGER NOT NULL DEFAULT 0,
    last_used_address TEXT,
    PRIMARY KEY (key_id, hour, code)
) STRICT, WITHOUT ROWID;
INSERT INTO key_usage_hour_4 (key_id, hour, code, calls) SELECT key_id, hour, code, calls FROM key_usage_hour ORDER BY key_id, hour, code;
DROP TABLE key_usage_hour;
ALTER TABLE key_usage_hour_4 RENAME TO key_usage_hour;
CREATE INDEX key_usage_hour_code ON key_usage_hour (code, hour, key_id);
