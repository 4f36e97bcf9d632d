-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- The second factor of a person: a secret that makes codes, sealed. confirmed_at 0 = being set up. last_step is the newest
-- 30 seconds whose code was used.
CREATE TABLE second_factor (
    person_id    TEXT    NOT NULL PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    secret       BLOB    NOT NULL,
    seal_version INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    confirmed_at INTEGER NOT NULL DEFAULT 0,
    last_step    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The recovery codes that nobody has used yet.
CREATE TABLE recovery_code (
    person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    mac       BLOB NOT NULL,
    PRIMARY KEY (person_id, mac)
) STRICT, WITHOUT ROWID;

-- Sign-ins whose password was right, and which wait for the code.
CREATE TABLE sign_in_step (
    id_mac     BLOB    NOT NULL PRIMARY KEY,
    person_id  TEXT    NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_step_person ON sign_in_step (person_id);
CREATE INDEX sign_in_step_expiry ON sign_in_step (expires_at);

-- When the session's person last typed the password, and the code; 0 = not at all.
ALTER TABLE session ADD COLUMN password_checked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN factor_checked_at INTEGER NOT NULL DEFAULT 0;
UPDATE session SET password_checked_at = created_at;
