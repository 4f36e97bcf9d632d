-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The id of the person or key whose rights a link needs when it is used; empty if it needs nobody's.
ALTER TABLE link ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
