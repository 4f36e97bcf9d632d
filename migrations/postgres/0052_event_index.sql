-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- Which events of a block of 5,000 numbers have a name, are about a CRM or for an agent: `seqs` are their numbers within the
-- block, with commas between them. A block is indexed once it is full: an index of each event took longer than the event.
CREATE TABLE event_block (
    integration_id TEXT    COLLATE "C" NOT NULL,
    block          BIGINT  NOT NULL,
    part           TEXT    COLLATE "C" NOT NULL,
    value          TEXT    COLLATE "C" NOT NULL,
    seqs           TEXT    NOT NULL,
    PRIMARY KEY (integration_id, block, part, value)
);
INSERT INTO event_block (integration_id, block, part, value, seqs)
SELECT e.integration_id, e.seq / 5000, 'agent', e.agent_id, string_agg(CAST(e.seq % 5000 AS TEXT), ',')
FROM event e JOIN event_end n ON n.integration_id = e.integration_id
WHERE e.seq / 5000 < n.last_seq / 5000 AND e.agent_id <> '' GROUP BY e.integration_id, e.seq / 5000, e.agent_id
UNION ALL
SELECT e.integration_id, e.seq / 5000, 'crm', e.crm_id, string_agg(CAST(e.seq % 5000 AS TEXT), ',')
FROM event e JOIN event_end n ON n.integration_id = e.integration_id
WHERE e.seq / 5000 < n.last_seq / 5000 GROUP BY e.integration_id, e.seq / 5000, e.crm_id
UNION ALL
SELECT e.integration_id, e.seq / 5000, 'name', e.name, string_agg(CAST(e.seq % 5000 AS TEXT), ',')
FROM event e JOIN event_end n ON n.integration_id = e.integration_id
WHERE e.seq / 5000 < n.last_seq / 5000 GROUP BY e.integration_id, e.seq / 5000, e.name;
DROP INDEX event_name;
DROP INDEX event_crm;
DROP INDEX event_agent;
