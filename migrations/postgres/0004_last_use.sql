-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- A key's last use of each hour and verdict goes with its count, which is written every second. api_key.last_used_at, which
-- lists are sorted by, follows as fast as its indexes allow. Code '' is a use without being asked about, and counts no call.
-- No reference to the key any more: looking it up took longer than counting. Whoever deletes a key deletes these, too.
ALTER TABLE key_usage_hour DROP CONSTRAINT key_usage_hour_key_id_fkey;
ALTER TABLE key_usage_hour ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE key_usage_hour ADD COLUMN last_used_address TEXT;
