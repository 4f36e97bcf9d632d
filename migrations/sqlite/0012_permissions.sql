-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- The permissions that keys have been given, for the form to suggest. A name stays when its last key goes.
CREATE TABLE permission_name (
    app_id   TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    given_at INTEGER NOT NULL,
    PRIMARY KEY (app_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX permission_name_newest ON permission_name (app_id, given_at DESC, name);
INSERT INTO permission_name (app_id, name, given_at)
    SELECT k.app_id, p.value, MAX(k.created_at) FROM api_key k, json_each(k.permissions) p
    WHERE k.kind = 'service' AND k.permissions <> '[]' AND p.value NOT LIKE 'keystead.%' GROUP BY k.app_id, p.value;
