-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The session in which the set-up of a second factor began. It alone may confirm it.
ALTER TABLE second_factor ADD COLUMN session_mac BYTEA NOT NULL DEFAULT '';
