-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- What programs keep about a contact or a chat beside what Keystead knows of it: a JSON object.
ALTER TABLE contact ADD COLUMN profile TEXT NOT NULL DEFAULT '{}';
ALTER TABLE room ADD COLUMN profile TEXT NOT NULL DEFAULT '{}';

-- What a message is besides its text, as a JSON object, or ''. A message of the kind `deleted` keeps its number and its author,
-- and nothing that was said.
ALTER TABLE message ADD COLUMN extra TEXT NOT NULL DEFAULT '';
CREATE INDEX message_attachment ON message (attachment_id) WHERE attachment_id <> '';

-- Which messages of a room were deleted lately, so that those who watch it are told, by whatever server they watch. `n` only
-- grows.
CREATE TABLE deletion (
    room_id   TEXT    NOT NULL,
    n         INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL,
    PRIMARY KEY (room_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX deletion_n ON deletion (n);
