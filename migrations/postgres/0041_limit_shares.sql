-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The part of each rate limit that each node may spend. `claim` is what it would use of the whole limit, `short` how many
-- calls it lacks. The shares of one limit together never exceed it.
CREATE TABLE limit_share (
    key_id    TEXT    COLLATE "C" NOT NULL,
    name      TEXT    COLLATE "C" NOT NULL,
    window_ms BIGINT  NOT NULL,
    node_id   TEXT    COLLATE "C" NOT NULL,
    calls     BIGINT  NOT NULL,
    claim     BIGINT  NOT NULL,
    short     BIGINT  NOT NULL,
    PRIMARY KEY (key_id, name, window_ms, node_id)
);
CREATE INDEX limit_share_node ON limit_share (node_id, window_ms);
CREATE INDEX limit_share_short ON limit_share (key_id, name, window_ms) WHERE short > 0;
