-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- The address that the last try called; empty before the first, and for those of earlier versions.
ALTER TABLE delivery ADD COLUMN target TEXT NOT NULL DEFAULT '';
