-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- Keys that somebody else collects. Their link is in the table `link`, with the id that the key will have as its subject.
-- Once collected, a row only says by whom, and its fields and passphrase are empty.
CREATE TABLE hand_over (
    key_id          TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    app_id          TEXT    COLLATE "C" NOT NULL REFERENCES app (id),
    kind            TEXT    NOT NULL,
    key_name        TEXT    NOT NULL,
    fields          TEXT    NOT NULL,
    form_id         TEXT    COLLATE "C" NOT NULL UNIQUE,
    recipient       TEXT    NOT NULL,
    email           TEXT    NOT NULL DEFAULT '',
    passphrase_hash TEXT    NOT NULL DEFAULT '',
    made_by_id      TEXT    NOT NULL,
    made_by_label   TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL,
    collected_at    BIGINT  NOT NULL DEFAULT 0,
    collected_from  TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX hand_over_expires ON hand_over (collected_at, expires_at);
