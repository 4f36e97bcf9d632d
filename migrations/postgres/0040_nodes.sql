-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The running servers of this installation, where several share one database. `lost_at` is when a node stopped, or was found
-- to be gone; `arrived` numbers them in their order, and `knows` is the number of the last one that the node knows of.
CREATE TABLE node (
    id         TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    version    TEXT    COLLATE "C" NOT NULL,
    started_at BIGINT  NOT NULL,
    seen_at    BIGINT  NOT NULL,
    lost_at    BIGINT,
    clock_off  BIGINT  NOT NULL,
    arrived    BIGINT  NOT NULL,
    knows      BIGINT  NOT NULL
);
