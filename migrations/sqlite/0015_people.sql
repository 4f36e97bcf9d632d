-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- `name_key` is the form of the name that lists sort and search by, `email_mac` the name under which failed sign-ins are
-- counted. The next start fills both in for people who exist already.
ALTER TABLE person ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN email_mac BLOB NOT NULL DEFAULT x'';
ALTER TABLE person ADD COLUMN last_sign_in_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN access_ends_at INTEGER NOT NULL DEFAULT 9223372036854775807;
CREATE INDEX person_name ON person (name_key, id);
CREATE INDEX person_role_name ON person (role, name_key, id);
CREATE INDEX person_last_sign_in ON person (last_sign_in_at, id);

-- What a guest may do with each key, as words with a space between them. A key without a row is out of the guest's sight.
CREATE TABLE key_grant (
    person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    key_id    TEXT NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    acts      TEXT NOT NULL,
    PRIMARY KEY (person_id, key_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_grant_key ON key_grant (key_id);

-- People who were invited and have not come yet. Their link is in the table `link`, with the invite's id as its subject.
CREATE TABLE invite (
    id             TEXT    NOT NULL PRIMARY KEY,
    email          TEXT    NOT NULL UNIQUE,
    name           TEXT    NOT NULL,
    role           TEXT    NOT NULL,
    keys           TEXT    NOT NULL,
    access_ends_at INTEGER NOT NULL DEFAULT 9223372036854775807,
    made_by_id     TEXT    NOT NULL,
    made_by_label  TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX invite_created ON invite (created_at, id);
