-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The audit by actor, whatever was done: by the name at that time, and by the id of a person or key.
CREATE INDEX audit_event_by_name ON audit_event (actor_label, seq);
CREATE INDEX audit_event_by_id ON audit_event (actor_id, seq) WHERE actor_id <> '';
