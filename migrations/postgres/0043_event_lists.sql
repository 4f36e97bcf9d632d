-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The events of an agent or a CRM by name are found within one index. Old events are found by their ids, which begin with
-- their second.
DROP INDEX event_at;
DROP INDEX event_crm;
DROP INDEX event_agent;
CREATE INDEX event_crm ON event (integration_id, crm_id, seq, name);
CREATE INDEX event_agent ON event (integration_id, agent_id, seq, name);

-- How many bytes the files of a room have together is read within one index.
DROP INDEX attachment_room;
CREATE INDEX attachment_room ON attachment (room_id, id, size);
