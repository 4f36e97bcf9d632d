-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.
-- Times are milliseconds UTC. Columns that lists sort by are never NULL: "never used", "no start" and "not pending" are 0,
-- "never expires" is the largest integer.

CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Random keys (pepper, seal, audit, cookie), each wrapped by the root key.
CREATE TABLE data_key (
    purpose    TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    wrapped    BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (purpose, version)
) STRICT, WITHOUT ROWID;

-- One row. Counts the changes that a verifier may have cached.
CREATE TABLE verifier_version (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    version  INTEGER NOT NULL
) STRICT;
INSERT INTO verifier_version (only_row, version) VALUES (1, 0);

CREATE TABLE app (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE person (
    id            TEXT    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    disabled      INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX person_role ON person (role, disabled);

CREATE TABLE session (
    id_mac       BLOB    NOT NULL PRIMARY KEY,
    person_id    TEXT    NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    address      TEXT,
    user_agent   TEXT
) STRICT;
CREATE INDEX session_person ON session (person_id);
CREATE INDEX session_last_seen ON session (last_seen_at);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE sign_in_failure (
    email_mac     BLOB    NOT NULL PRIMARY KEY,
    failures      INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL,
    last_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_failure_last ON sign_in_failure (last_at);

-- Links that work once: set-up, and later resets and invites. used_at 0 = not used.
CREATE TABLE link (
    mac        BLOB    NOT NULL PRIMARY KEY,
    purpose    TEXT    NOT NULL,
    subject    TEXT    NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX link_purpose ON link (purpose);

CREATE TABLE api_key (
    id                TEXT    NOT NULL PRIMARY KEY,
    app_id            TEXT    NOT NULL REFERENCES app (id),
    kind              TEXT    NOT NULL,
    name              TEXT    NOT NULL,
    name_key          TEXT    NOT NULL,
    description       TEXT    NOT NULL,
    token_prefix      TEXT    NOT NULL,
    state             TEXT    NOT NULL CHECK (state IN ('pending', 'active', 'disabled', 'revoked')),
    ack_deadline      INTEGER NOT NULL DEFAULT 0,
    not_before        INTEGER NOT NULL DEFAULT 0,
    expires_at        INTEGER NOT NULL DEFAULT 9223372036854775807,
    cidrs             TEXT    NOT NULL,
    domains           TEXT    NOT NULL,
    permissions       TEXT    NOT NULL,
    cidr_count        INTEGER NOT NULL,
    domain_count      INTEGER NOT NULL,
    -- The one-use id of the form that made the key, so that a repeated POST makes no second one.
    form_id           TEXT    UNIQUE,
    -- Only for the kinds whose protocol needs the secret back.
    sealed_secret     BLOB,
    created_at        INTEGER NOT NULL,
    created_by_kind   TEXT    NOT NULL,
    created_by_id     TEXT    NOT NULL,
    created_by_label  TEXT    NOT NULL,
    last_used_at      INTEGER NOT NULL DEFAULT 0,
    last_used_address TEXT,
    revoked_at        INTEGER NOT NULL DEFAULT 0,
    revoke_reason     TEXT,
    restorable_until  INTEGER NOT NULL DEFAULT 0,
    revision          INTEGER NOT NULL DEFAULT 1
) STRICT;
-- One index in the order of each sort for the whole list, and one below kind and state for every filter: a filtered list
-- merges a few ranges of these. Those end in the expiry, so that a filter by time is tested without reading the key.
CREATE INDEX api_key_name ON api_key (app_id, name_key, id);
CREATE INDEX api_key_created ON api_key (app_id, created_at, id);
CREATE INDEX api_key_used ON api_key (app_id, last_used_at, id);
CREATE INDEX api_key_kind_state_name ON api_key (app_id, kind, state, name_key, id, expires_at);
CREATE INDEX api_key_kind_state_created ON api_key (app_id, kind, state, created_at, id, expires_at);
CREATE INDEX api_key_kind_state_used ON api_key (app_id, kind, state, last_used_at, id, expires_at);
CREATE INDEX api_key_kind_state_expiry ON api_key (app_id, kind, state, expires_at);
-- For "never used", in each order.
CREATE INDEX api_key_unused_name ON api_key (app_id, kind, state, name_key, id) WHERE last_used_at = 0;
CREATE INDEX api_key_unused_created ON api_key (app_id, kind, state, created_at, id) WHERE last_used_at = 0;
CREATE INDEX api_key_pending ON api_key (ack_deadline) WHERE state = 'pending';

-- The versions of a key's secret: one, or two while an old one still works.
CREATE TABLE key_secret (
    key_id         TEXT    NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    version        INTEGER NOT NULL,
    mac            BLOB    NOT NULL,
    pepper_version INTEGER NOT NULL,
    last4          TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL DEFAULT 9223372036854775807,
    PRIMARY KEY (key_id, version)
) STRICT, WITHOUT ROWID;

-- Verify calls by hour and verdict.
CREATE TABLE usage_hour (
    app_id TEXT    NOT NULL REFERENCES app (id),
    hour   INTEGER NOT NULL,
    code   TEXT    NOT NULL,
    calls  INTEGER NOT NULL,
    PRIMARY KEY (app_id, hour, code)
) STRICT, WITHOUT ROWID;

-- Each row's link is a MAC over the previous link and every column before it, as stored: so no column may be NULL,
-- which would look like an empty one.
CREATE TABLE audit_event (
    seq           INTEGER NOT NULL PRIMARY KEY,
    at            INTEGER NOT NULL,
    app_id        TEXT    NOT NULL,
    actor_kind    TEXT    NOT NULL,
    actor_id      TEXT    NOT NULL,
    actor_label   TEXT    NOT NULL,
    action        TEXT    NOT NULL,
    subject_kind  TEXT    NOT NULL,
    subject_id    TEXT    NOT NULL,
    subject_label TEXT    NOT NULL,
    changes       TEXT    NOT NULL,
    note          TEXT    NOT NULL,
    address       TEXT    NOT NULL,
    key_version   INTEGER NOT NULL,
    link          BLOB    NOT NULL
) STRICT;
CREATE INDEX audit_event_subject ON audit_event (subject_kind, subject_id, seq);
CREATE INDEX audit_event_app ON audit_event (app_id, seq);

-- One row: the end of the chain. Its lock gives the events a sequence without holes.
CREATE TABLE audit_head (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    seq      INTEGER NOT NULL,
    link     BLOB    NOT NULL
) STRICT;
INSERT INTO audit_head (only_row, seq, link) VALUES (1, 0, zeroblob(32));
