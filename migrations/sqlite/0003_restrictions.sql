-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

ALTER TABLE api_key ADD COLUMN denied_cidrs TEXT NOT NULL DEFAULT '[]';
ALTER TABLE api_key ADD COLUMN limits TEXT NOT NULL DEFAULT '[]';

-- What is left of a key's quota in this period. What a running server has taken as a block is not left. The epoch is the key's
-- revision that set the quota: a block of an earlier one is void.
CREATE TABLE key_quota (
    key_id    TEXT    NOT NULL PRIMARY KEY REFERENCES api_key (id) ON DELETE CASCADE,
    total     INTEGER NOT NULL,
    refill    TEXT    NOT NULL,
    epoch     INTEGER NOT NULL,
    period    INTEGER NOT NULL,
    remaining INTEGER NOT NULL CHECK (remaining >= 0)
) STRICT, WITHOUT ROWID;
