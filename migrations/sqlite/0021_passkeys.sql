-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- The passkeys of people. `credential` holds the public key and the signature counter, and is no secret.
CREATE TABLE passkey (
    id            TEXT    NOT NULL PRIMARY KEY,
    person_id     TEXT    NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    credential_id BLOB    NOT NULL UNIQUE,
    credential    TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    used_at       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX passkey_person ON passkey (person_id, created_at, id);

-- What browsers were asked to sign and have not answered yet. Without a person, whoever answers says who they are.
CREATE TABLE passkey_challenge (
    id_mac     BLOB    NOT NULL PRIMARY KEY,
    purpose    TEXT    NOT NULL,
    person_id  TEXT    REFERENCES person (id) ON DELETE CASCADE,
    state      TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX passkey_challenge_person ON passkey_challenge (person_id);
CREATE INDEX passkey_challenge_expiry ON passkey_challenge (expires_at);
