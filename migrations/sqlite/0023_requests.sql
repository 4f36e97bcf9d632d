-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- Keys that a second person must approve. `until` is when a request that is open ends, and when one that is not has ended.
-- One that has ended is kept for some weeks, for whoever asked.
CREATE TABLE key_request (
    key_id           TEXT    NOT NULL PRIMARY KEY,
    app_id           TEXT    NOT NULL REFERENCES app (id),
    kind             TEXT    NOT NULL,
    key_name         TEXT    NOT NULL,
    fields           TEXT    NOT NULL,
    form_id          TEXT    NOT NULL UNIQUE,
    reason           TEXT    NOT NULL,
    asked_by_id      TEXT    NOT NULL,
    asked_by_label   TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    state            TEXT    NOT NULL,
    until            INTEGER NOT NULL,
    decided_by_id    TEXT    NOT NULL DEFAULT '',
    decided_by_label TEXT    NOT NULL DEFAULT '',
    decided_at       INTEGER NOT NULL DEFAULT 0,
    word             TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX key_request_listed ON key_request (state, created_at, key_id);
CREATE INDEX key_request_asked_by ON key_request (asked_by_id, state, created_at, key_id);
CREATE INDEX key_request_until ON key_request (state, until);

-- The zone that a person reads times in; empty for the browser's.
ALTER TABLE person ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
