-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- The form of the bytes that a link covers: later columns come with a form of their own. The kind of the key that an event
-- is about, by which it is seen; '' for other events. Form 1 does not cover it.
ALTER TABLE audit_event ADD COLUMN form INTEGER NOT NULL DEFAULT 1;
ALTER TABLE audit_event ADD COLUMN key_kind TEXT NOT NULL DEFAULT '';
UPDATE audit_event SET key_kind = COALESCE(
    (SELECT kind FROM api_key WHERE id = subject_id),
    -- The kind of a deleted key is in the event of its issue.
    (SELECT change.value ->> 'to' FROM audit_event issued, json_each(issued.changes) change
     WHERE issued.subject_kind = 'key' AND issued.subject_id = audit_event.subject_id AND issued.action = 'key.issued'
       AND change.value ->> 'field' = 'kind' LIMIT 1),
    '')
WHERE subject_kind = 'key';

-- What a revoked key was before: '' is not known, and comes back disabled.
ALTER TABLE api_key ADD COLUMN revoked_from TEXT NOT NULL DEFAULT '';

-- Verify calls by kind, too: nobody is told of calls for keys that they may not see. Kind '' is a key that does not exist,
-- or a call of before this column.
CREATE TABLE usage_hour_6 (
    app_id TEXT    NOT NULL REFERENCES app (id),
    hour   INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    code   TEXT    NOT NULL,
    calls  INTEGER NOT NULL,
    PRIMARY KEY (app_id, hour, kind, code)
) STRICT, WITHOUT ROWID;
INSERT INTO usage_hour_6 (app_id, hour, kind, code, calls) SELECT app_id, hour, '', code, calls FROM usage_hour;
DROP TABLE usage_hour;
ALTER TABLE usage_hour_6 RENAME TO usage_hour;
