-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- Where participants write to each other. An `ends_at` of the largest integer is never, a `max_users` of 0 any number.
-- `active_at` is that of the last message, or of the creation, for the order of lists. Only writers change `last_seq` and
-- `joined`, in the transaction of the message or the join.
CREATE TABLE room (
    id              TEXT    NOT NULL PRIMARY KEY,
    app_id          TEXT    NOT NULL REFERENCES app (id),
    kind            TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    name_key        TEXT    NOT NULL,
    opens_at        INTEGER NOT NULL,
    ends_at         INTEGER NOT NULL,
    closed_at       INTEGER NOT NULL,
    archived_at     INTEGER NOT NULL,
    max_users       INTEGER NOT NULL,
    password_hash   TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    created_by      TEXT    NOT NULL,
    last_seq        INTEGER NOT NULL DEFAULT 0,
    joined          INTEGER NOT NULL DEFAULT 0,
    last_message_at INTEGER NOT NULL DEFAULT 0,
    active_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX room_active ON room (app_id, kind, active_at, id) WHERE archived_at = 0;
CREATE INDEX room_archived ON room (app_id, kind, active_at, id) WHERE archived_at <> 0;
CREATE INDEX room_name ON room (app_id, kind, name_key, id);

-- A deleted room whose messages and files are still to be removed, part by part. Nobody finds them without their room.
CREATE TABLE deleted_room (
    id TEXT    NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Who is or was in a room. `contact_id` is empty for those who joined by themselves.
CREATE TABLE participant (
    room_id    TEXT    NOT NULL,
    client_key TEXT    NOT NULL,
    nick_name  TEXT    NOT NULL,
    grade      TEXT    NOT NULL,
    contact_id TEXT    NOT NULL,
    joined_at  INTEGER NOT NULL,
    left_at    INTEGER NOT NULL,
    muted_at   INTEGER NOT NULL,
    banned_at  INTEGER NOT NULL,
    PRIMARY KEY (room_id, client_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX participant_joined ON participant (room_id, joined_at, client_key) WHERE left_at = 0;
CREATE INDEX participant_banned ON participant (room_id, joined_at, client_key) WHERE banned_at <> 0;
CREATE INDEX participant_contact ON participant (contact_id, room_id) WHERE contact_id <> '' AND left_at = 0;

-- What is said in a room, by number, without gaps. A `reply_to` of 0 answers nothing.
CREATE TABLE message (
    room_id       TEXT    NOT NULL,
    seq           INTEGER NOT NULL,
    kind          TEXT    NOT NULL,
    author_kind   TEXT    NOT NULL,
    author_id     TEXT    NOT NULL,
    author_name   TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    reply_to      INTEGER NOT NULL,
    to_key        TEXT    NOT NULL,
    attachment_id TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (room_id, seq)
) STRICT, WITHOUT ROWID;

-- A file in a room. `digest` is the SHA-256 of its bytes.
CREATE TABLE attachment (
    id         TEXT    NOT NULL PRIMARY KEY,
    room_id    TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    digest     BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX attachment_room ON attachment (room_id, id);

-- The bytes of files, in parts, where they are kept in the database: on Postgres. Beside SQLite, they are in a folder.
CREATE TABLE attachment_part (
    attachment_id TEXT    NOT NULL,
    n             INTEGER NOT NULL,
    bytes         BLOB    NOT NULL,
    PRIMARY KEY (attachment_id, n)
) STRICT;
