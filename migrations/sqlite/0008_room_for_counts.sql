-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- SQLite updates rows where they are.
SELECT 1;
