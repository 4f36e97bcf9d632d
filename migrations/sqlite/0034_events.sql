-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- What programs reported with keys of a contact-centre platform, by number in its integration. `agent_id`, `origin` and
-- `address` are empty where there is none; `data` is a JSON object. Rows are removed after 30 days.
CREATE TABLE event (
    integration_id TEXT    NOT NULL,
    seq            INTEGER NOT NULL,
    id             TEXT    NOT NULL,
    app_id         TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    key_id         TEXT    NOT NULL,
    key_name       TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    crm_id         TEXT    NOT NULL,
    agent_id       TEXT    NOT NULL,
    data           TEXT    NOT NULL,
    origin         TEXT    NOT NULL,
    address        TEXT    NOT NULL,
    at             INTEGER NOT NULL,
    PRIMARY KEY (integration_id, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX event_id ON event (id);
CREATE INDEX event_name ON event (integration_id, name, seq);
CREATE INDEX event_crm ON event (integration_id, crm_id, seq);
CREATE INDEX event_agent ON event (integration_id, agent_id, seq);
CREATE INDEX event_at ON event (at);

-- The number of the last event of each integration, which no other event gets once that one is removed.
CREATE TABLE event_end (
    integration_id TEXT    NOT NULL PRIMARY KEY,
    last_seq       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
