-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- Whom an app's chats are between. `identifier` is the contact's id in the app's own systems; it and the e-mail are NULL where
-- there is none. `name_key` and `last_key` are the forms that lists sort and search by. `avatar` and `butler` are ids, or ''.
CREATE TABLE contact (
    id         TEXT    NOT NULL PRIMARY KEY,
    app_id     TEXT    NOT NULL REFERENCES app (id),
    identifier TEXT,
    email      TEXT,
    first_name TEXT    NOT NULL,
    last_name  TEXT    NOT NULL,
    name_key   TEXT    NOT NULL,
    last_key   TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    is_admin   INTEGER NOT NULL,
    status     TEXT    NOT NULL,
    avatar     TEXT    NOT NULL DEFAULT '',
    butler     TEXT    NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX contact_identifier ON contact (app_id, identifier);
CREATE UNIQUE INDEX contact_email ON contact (app_id, email);
CREATE INDEX contact_name ON contact (app_id, name_key, id);
CREATE INDEX contact_last_name ON contact (app_id, last_key);
CREATE INDEX contact_walk ON contact (app_id, id);
CREATE INDEX contact_kind ON contact (app_id, kind, name_key, id);
CREATE INDEX contact_status ON contact (app_id, status, name_key, id);

-- The contacts on whose behalf a key may act, as a JSON list of ids; an empty one is any.
ALTER TABLE api_key ADD COLUMN acts_for TEXT NOT NULL DEFAULT '[]';
