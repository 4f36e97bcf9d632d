-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- The session in which the set-up of a second factor began. It alone may confirm it.
ALTER TABLE second_factor ADD COLUMN session_mac BLOB NOT NULL DEFAULT x'';
