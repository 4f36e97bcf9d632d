-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- Who a provider says somebody is. Without a person, whoever it was has been removed, and may only come again by an invite.
CREATE TABLE identity (
    issuer       TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    person_id    TEXT    REFERENCES person (id) ON DELETE SET NULL,
    email        TEXT    NOT NULL DEFAULT '',
    connected_at INTEGER NOT NULL,
    used_at      INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_person ON identity (person_id, connected_at);

-- The e-mails of people who were removed. A provider alone does not bring them back.
CREATE TABLE removed_email (
    email_mac  BLOB    NOT NULL PRIMARY KEY,
    removed_at INTEGER NOT NULL
) STRICT;

-- The sign-ins at a provider that have come back, until their time is over. Each may come back once.
CREATE TABLE provider_answer (
    state_mac  BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX provider_answer_expiry ON provider_answer (expires_at);

-- The name of the provider that signed somebody in whose code is awaited; empty for a password.
ALTER TABLE sign_in_step ADD COLUMN provider TEXT NOT NULL DEFAULT '';
