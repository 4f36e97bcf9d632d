-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- The running servers of this installation, where several share one database. `lost_at` is when a node stopped, or was found
-- to be gone; `arrived` numbers them in their order, and `knows` is the number of the last one that the node knows of.
CREATE TABLE node (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    lost_at    INTEGER,
    clock_off  INTEGER NOT NULL,
    arrived    INTEGER NOT NULL,
    knows      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
