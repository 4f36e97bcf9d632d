-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The events of an agent are found block by block of 5,000 numbers. Many agents report at the same moment, and what all of
-- them report goes to a few places of the index.
DROP INDEX event_agent;
CREATE INDEX event_agent ON event (integration_id, (seq / 5000), agent_id, seq, name);
