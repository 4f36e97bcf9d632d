-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- For a new secret of a key that there is already: for how many milliseconds the old one works beside it. -1 is a new key.
ALTER TABLE hand_over ADD COLUMN overlap BIGINT NOT NULL DEFAULT -1;
