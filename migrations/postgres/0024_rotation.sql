-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- How many secrets were made for a key, so that no number is given twice. A rotation interval of 0 days is none. When the
-- newest secret is older than the interval, the key is due; without one it never is.
ALTER TABLE api_key ADD COLUMN secrets_made BIGINT NOT NULL DEFAULT 1;
ALTER TABLE api_key ADD COLUMN rotate_days BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN rotation_due_at BIGINT NOT NULL DEFAULT 9223372036854775807;
CREATE INDEX api_key_rotation_due ON api_key (app_id, kind, state, rotation_due_at) WHERE rotation_due_at < 9223372036854775807;

-- Old secrets that work until then.
CREATE INDEX key_secret_ends ON key_secret (expires_at) WHERE expires_at < 9223372036854775807;

-- New secrets that wait to be confirmed. They do not work, so they are not in key_secret.
CREATE TABLE key_rotation (
    key_id         TEXT    COLLATE "C" NOT NULL PRIMARY KEY REFERENCES api_key (id) ON DELETE CASCADE,
    version        BIGINT  NOT NULL,
    mac            BYTEA   NOT NULL,
    pepper_version BIGINT  NOT NULL,
    last4          TEXT    NOT NULL,
    overlap        BIGINT  NOT NULL,
    asked_at       BIGINT  NOT NULL,
    ack_deadline   BIGINT  NOT NULL,
    asked_by_kind  TEXT    NOT NULL,
    asked_by_id    TEXT    NOT NULL,
    asked_by_label TEXT    NOT NULL
);
CREATE INDEX key_rotation_deadline ON key_rotation (ack_deadline);

-- The calls with each secret of a key that has two, by the minute, and the last addresses that they came from; '' is an
-- address that is not known.
CREATE TABLE key_secret_minute (
    key_id  TEXT    COLLATE "C" NOT NULL,
    version BIGINT  NOT NULL,
    minute  BIGINT  NOT NULL,
    calls   BIGINT  NOT NULL,
    PRIMARY KEY (key_id, version, minute),
    FOREIGN KEY (key_id, version) REFERENCES key_secret (key_id, version) ON DELETE CASCADE
);
CREATE INDEX key_secret_minute_old ON key_secret_minute (minute);
CREATE TABLE key_secret_address (
    key_id       TEXT   COLLATE "C" NOT NULL,
    version      BIGINT NOT NULL,
    address      TEXT   COLLATE "C" NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (key_id, version, address),
    FOREIGN KEY (key_id, version) REFERENCES key_secret (key_id, version) ON DELETE CASCADE
);
