-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The form of the bytes that a link covers: later columns come with a form of their own. The kind of the key that an event
-- is about, by which it is seen; '' for other events. Form 1 does not cover it.
ALTER TABLE audit_event ADD COLUMN form BIGINT NOT NULL DEFAULT 1;
ALTER TABLE audit_event ADD COLUMN key_kind TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE audit_event SET key_kind = COALESCE(
    (SELECT kind FROM api_key WHERE id = subject_id),
    -- The kind of a deleted key is in the event of its issue.
    (SELECT change ->> 'to' FROM audit_event issued, json_array_elements(CAST(issued.changes AS json)) change
     WHERE issued.subject_kind = 'key' AND issued.subject_id = audit_event.subject_id AND issued.action = 'key.issued'
       AND change ->> 'field' = 'kind' LIMIT 1),
    '')
WHERE subject_kind = 'key';

-- What a revoked key was before: '' is not known, and comes back disabled.
ALTER TABLE api_key ADD COLUMN revoked_from TEXT COLLATE "C" NOT NULL DEFAULT '';

-- Verify calls by kind, too: nobody is told of calls for keys that they may not see. Kind '' is a key that does not exist,
-- or a call of before this column.
ALTER TABLE usage_hour ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE usage_hour DROP CONSTRAINT usage_hour_pkey;
ALTER TABLE usage_hour ADD PRIMARY KEY (app_id, hour, kind, code);
