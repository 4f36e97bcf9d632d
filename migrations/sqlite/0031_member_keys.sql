-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- The API KEY of each app, one at a time: its MAC for calls, and a sealed copy for owners who reveal it. It is no row of
-- api_key, so no list, count or export of keys has it.
CREATE TABLE member_key (
    app_id         TEXT    NOT NULL PRIMARY KEY REFERENCES app (id),
    key_id         TEXT    NOT NULL UNIQUE,
    mac            BLOB    NOT NULL,
    pepper_version INTEGER NOT NULL,
    sealed         BLOB    NOT NULL,
    seal_version   INTEGER NOT NULL,
    issued_at      INTEGER NOT NULL,
    issued_by      TEXT    NOT NULL
) STRICT;
