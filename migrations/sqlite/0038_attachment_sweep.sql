-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- Whether a file is known to be in a message or in no room, or has a link that somebody may have. Others are removed a day
-- after they came.
ALTER TABLE attachment ADD COLUMN is_sent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX attachment_unsent ON attachment (created_at, id) WHERE is_sent = 0;
CREATE INDEX contact_avatar ON contact (avatar) WHERE avatar <> '';

-- Earlier versions added contacts to the chat of another one with the butler. They are no longer in it.
UPDATE participant SET left_at = CASE WHEN joined_at > 0 THEN joined_at ELSE 1 END
    WHERE left_at = 0 AND room_id IN (SELECT id FROM room WHERE kind = 'butler') AND NOT EXISTS
    (SELECT 1 FROM contact WHERE contact.id = participant.contact_id AND contact.butler = participant.room_id);
UPDATE room SET joined = (SELECT count(*) FROM participant WHERE participant.room_id = room.id AND left_at = 0)
    WHERE kind = 'butler' AND joined > 1;
