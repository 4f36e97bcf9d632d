-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.
-- Times are milliseconds UTC. Columns that lists sort by are never NULL: "never used", "no start" and "not pending" are 0,
-- "never expires" is the largest integer. Text that lists sort or page by compares by its bytes, as on SQLite.

CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Random keys (pepper, seal, audit, cookie), each wrapped by the root key.
CREATE TABLE data_key (
    purpose    TEXT    NOT NULL,
    version    BIGINT  NOT NULL,
    wrapped    BYTEA   NOT NULL,
    created_at BIGINT  NOT NULL,
    PRIMARY KEY (purpose, version)
);

-- One row. Counts the changes that a verifier may have cached.
CREATE TABLE verifier_version (
    only_row BIGINT  NOT NULL PRIMARY KEY CHECK (only_row = 1),
    version  BIGINT  NOT NULL
);
INSERT INTO verifier_version (only_row, version) VALUES (1, 0);

CREATE TABLE app (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    created_at BIGINT  NOT NULL
);

CREATE TABLE person (
    id            TEXT    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    disabled      BIGINT  NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    created_at    BIGINT  NOT NULL
);
CREATE INDEX person_role ON person (role, disabled);

CREATE TABLE session (
    id_mac       BYTEA   NOT NULL PRIMARY KEY,
    person_id    TEXT    NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    created_at   BIGINT  NOT NULL,
    last_seen_at BIGINT  NOT NULL,
    expires_at   BIGINT  NOT NULL,
    address      TEXT,
    user_agent   TEXT
);
CREATE INDEX session_person ON session (person_id);
CREATE INDEX session_last_seen ON session (last_seen_at);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE sign_in_failure (
    email_mac     BYTEA   NOT NULL PRIMARY KEY,
    failures      BIGINT  NOT NULL,
    blocked_until BIGINT  NOT NULL,
    last_at       BIGINT  NOT NULL
);
CREATE INDEX sign_in_failure_last ON sign_in_failure (last_at);

-- Links that work once: set-up, and later resets and invites. used_at 0 = not used.
CREATE TABLE link (
    mac        BYTEA   NOT NULL PRIMARY KEY,
    purpose    TEXT    NOT NULL,
    subject    TEXT    NOT NULL DEFAULT '',
    created_at BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    used_at    BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX link_purpose ON link (purpose);

CREATE TABLE api_key (
    id                TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    app_id            TEXT COLLATE "C" NOT NULL REFERENCES app (id),
    kind              TEXT COLLATE "C" NOT NULL,
    name              TEXT    NOT NULL,
    name_key          TEXT COLLATE "C" NOT NULL,
    description       TEXT    NOT NULL,
    token_prefix      TEXT    NOT NULL,
    state             TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'active', 'disabled', 'revoked')),
    ack_deadline      BIGINT  NOT NULL DEFAULT 0,
    not_before        BIGINT  NOT NULL DEFAULT 0,
    expires_at        BIGINT  NOT NULL DEFAULT 9223372036854775807,
    cidrs             TEXT    NOT NULL,
    domains           TEXT    NOT NULL,
    permissions       TEXT    NOT NULL,
    cidr_count        BIGINT  NOT NULL,
    domain_count      BIGINT  NOT NULL,
    -- The one-use id of the form that made the key, so that a repeated POST makes no second one.
    form_id           TEXT    UNIQUE,
    -- Only for the kinds whose protocol needs the secret back.
    sealed_secret     BYTEA,
    created_at        BIGINT  NOT NULL,
    created_by_kind   TEXT    NOT NULL,
    created_by_id     TEXT    NOT NULL,
    created_by_label  TEXT    NOT NULL,
    last_used_at      BIGINT  NOT NULL DEFAULT 0,
    last_used_address TEXT,
    revoked_at        BIGINT  NOT NULL DEFAULT 0,
    revoke_reason     TEXT,
    restorable_until  BIGINT  NOT NULL DEFAULT 0,
    revision          BIGINT  NOT NULL DEFAULT 1
);
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
    key_id         TEXT COLLATE "C" NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    version        BIGINT  NOT NULL,
    mac            BYTEA   NOT NULL,
    pepper_version BIGINT  NOT NULL,
    last4          TEXT    NOT NULL,
    created_at     BIGINT  NOT NULL,
    expires_at     BIGINT  NOT NULL DEFAULT 9223372036854775807,
    PRIMARY KEY (key_id, version)
);

-- Verify calls by hour and verdict.
CREATE TABLE usage_hour (
    app_id TEXT    NOT NULL REFERENCES app (id),
    hour   BIGINT  NOT NULL,
    code   TEXT    NOT NULL,
    calls  BIGINT  NOT NULL,
    PRIMARY KEY (app_id, hour, code)
);

-- Each row's link is a MAC over the previous link and every column before it, as stored: so no column may be NULL,
-- which would look like an empty one.
CREATE TABLE audit_event (
    seq           BIGINT  NOT NULL PRIMARY KEY,
    at            BIGINT  NOT NULL,
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
    key_version   BIGINT  NOT NULL,
    link          BYTEA   NOT NULL
);
CREATE INDEX audit_event_subject ON audit_event (subject_kind, subject_id, seq);
CREATE INDEX audit_event_app ON audit_event (app_id, seq);

-- One row: the end of the chain. Its lock gives the events a sequence without holes.
CREATE TABLE audit_head (
    only_row BIGINT  NOT NULL PRIMARY KEY CHECK (only_row = 1),
    seq      BIGINT  NOT NULL,
    link     BYTEA   NOT NULL
);
INSERT INTO audit_head (only_row, seq, link) VALUES (1, 0, decode(repeat('00', 32), 'hex'));
