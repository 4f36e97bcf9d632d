-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The passkeys of people. `credential` holds the public key and the signature counter, and is no secret.
CREATE TABLE passkey (
    id            TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    person_id     TEXT    NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    credential_id BYTEA   NOT NULL UNIQUE,
    credential    TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    created_at    BIGINT  NOT NULL,
    used_at       BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX passkey_person ON passkey (person_id, created_at, id);

-- What browsers were asked to sign and have not answered yet. Without a person, whoever answers says who they are.
CREATE TABLE passkey_challenge (
    id_mac     BYTEA   NOT NULL PRIMARY KEY,
    purpose    TEXT    NOT NULL,
    person_id  TEXT    REFERENCES person (id) ON DELETE CASCADE,
    state      TEXT    NOT NULL,
    expires_at BIGINT  NOT NULL
);
CREATE INDEX passkey_challenge_person ON passkey_challenge (person_id);
CREATE INDEX passkey_challenge_expiry ON passkey_challenge (expires_at);
