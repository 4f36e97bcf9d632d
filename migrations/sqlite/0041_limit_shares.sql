-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- The part of each rate limit that each node may spend. `claim` is what it would use of the whole limit, `short` how many
-- calls it lacks. The shares of one limit together never exceed it.
CREATE TABLE limit_share (
    key_id    TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    window_ms INTEGER NOT NULL,
    node_id   TEXT    NOT NULL,
    calls     INTEGER NOT NULL,
    claim     INTEGER NOT NULL,
    short     INTEGER NOT NULL,
    PRIMARY KEY (key_id, name, window_ms, node_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX limit_share_node ON limit_share (node_id, window_ms);
CREATE INDEX limit_share_short ON limit_share (key_id, name, window_ms) WHERE short > 0;
