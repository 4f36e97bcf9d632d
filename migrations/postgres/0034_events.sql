-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- What programs reported with keys of a contact-centre platform, by number in its integration. `agent_id`, `origin` and
-- `address` are empty where there is none; `data` is a JSON object. Rows are removed after 30 days.
CREATE TABLE event (
    integration_id TEXT    COLLATE "C" NOT NULL,
    seq            BIGINT  NOT NULL,
    id             TEXT    COLLATE "C" NOT NULL,
    app_id         TEXT    COLLATE "C" NOT NULL,
    kind           TEXT    COLLATE "C" NOT NULL,
    key_id         TEXT    COLLATE "C" NOT NULL,
    key_name       TEXT    NOT NULL,
    name           TEXT    COLLATE "C" NOT NULL,
    crm_id         TEXT    COLLATE "C" NOT NULL,
    agent_id       TEXT    COLLATE "C" NOT NULL,
    data           TEXT    NOT NULL,
    origin         TEXT    NOT NULL,
    address        TEXT    NOT NULL,
    at             BIGINT  NOT NULL,
    PRIMARY KEY (integration_id, seq)
);
CREATE UNIQUE INDEX event_id ON event (id);
CREATE INDEX event_name ON event (integration_id, name, seq);
CREATE INDEX event_crm ON event (integration_id, crm_id, seq);
CREATE INDEX event_agent ON event (integration_id, agent_id, seq);
CREATE INDEX event_at ON event (at);

-- The number of the last event of each integration, which no other event gets once that one is removed.
CREATE TABLE event_end (
    integration_id TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    last_seq       BIGINT  NOT NULL
);
