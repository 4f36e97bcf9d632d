-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- Where participants write to each other. An `ends_at` of the largest integer is never, a `max_users` of 0 any number.
-- `active_at` is that of the last message, or of the creation, for the order of lists. Only writers change `last_seq` and
-- `joined`, in the transaction of the message or the join.
CREATE TABLE room (
    id              TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    app_id          TEXT    COLLATE "C" NOT NULL REFERENCES app (id),
    kind            TEXT    COLLATE "C" NOT NULL,
    name            TEXT    NOT NULL,
    name_key        TEXT    COLLATE "C" NOT NULL,
    opens_at        BIGINT  NOT NULL,
    ends_at         BIGINT  NOT NULL,
    closed_at       BIGINT  NOT NULL,
    archived_at     BIGINT  NOT NULL,
    max_users       BIGINT  NOT NULL,
    password_hash   TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    created_by      TEXT    NOT NULL,
    last_seq        BIGINT  NOT NULL DEFAULT 0,
    joined          BIGINT  NOT NULL DEFAULT 0,
    last_message_at BIGINT  NOT NULL DEFAULT 0,
    active_at       BIGINT  NOT NULL
);
CREATE INDEX room_active ON room (app_id, kind, active_at, id) WHERE archived_at = 0;
CREATE INDEX room_archived ON room (app_id, kind, active_at, id) WHERE archived_at <> 0;
CREATE INDEX room_name ON room (app_id, kind, name_key, id);

-- A deleted room whose messages and files are still to be removed, part by part. Nobody finds them without their room.
CREATE TABLE deleted_room (
    id TEXT    COLLATE "C" NOT NULL PRIMARY KEY
);

-- Who is or was in a room. `contact_id` is empty for those who joined by themselves.
CREATE TABLE participant (
    room_id    TEXT    COLLATE "C" NOT NULL,
    client_key TEXT    COLLATE "C" NOT NULL,
    nick_name  TEXT    NOT NULL,
    grade      TEXT    NOT NULL,
    contact_id TEXT    COLLATE "C" NOT NULL,
    joined_at  BIGINT  NOT NULL,
    left_at    BIGINT  NOT NULL,
    muted_at   BIGINT  NOT NULL,
    banned_at  BIGINT  NOT NULL,
    PRIMARY KEY (room_id, client_key)
);
CREATE INDEX participant_joined ON participant (room_id, joined_at, client_key) WHERE left_at = 0;
CREATE INDEX participant_banned ON participant (room_id, joined_at, client_key) WHERE banned_at <> 0;
CREATE INDEX participant_contact ON participant (contact_id, room_id) WHERE contact_id <> '' AND left_at = 0;

-- What is said in a room, by number, without gaps. A `reply_to` of 0 answers nothing.
CREATE TABLE message (
    room_id       TEXT    COLLATE "C" NOT NULL,
    seq           BIGINT  NOT NULL,
    kind          TEXT    NOT NULL,
    author_kind   TEXT    NOT NULL,
    author_id     TEXT    NOT NULL,
    author_name   TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    reply_to      BIGINT  NOT NULL,
    to_key        TEXT    NOT NULL,
    attachment_id TEXT    COLLATE "C" NOT NULL,
    created_at    BIGINT  NOT NULL,
    PRIMARY KEY (room_id, seq)
);

-- A file in a room. `digest` is the SHA-256 of its bytes.
CREATE TABLE attachment (
    id         TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    room_id    TEXT    COLLATE "C" NOT NULL,
    name       TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    size       BIGINT  NOT NULL,
    digest     BYTEA   NOT NULL,
    created_at BIGINT  NOT NULL
);
CREATE INDEX attachment_room ON attachment (room_id, id);

-- The bytes of files, in parts, where they are kept in the database: on Postgres. Beside SQLite, they are in a folder.
CREATE TABLE attachment_part (
    attachment_id TEXT    COLLATE "C" NOT NULL,
    n             BIGINT  NOT NULL,
    bytes         BYTEA   NOT NULL,
    PRIMARY KEY (attachment_id, n)
);
