-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The permissions that keys have been given, for the form to suggest. A name stays when its last key goes.
CREATE TABLE permission_name (
    app_id   TEXT COLLATE "C" NOT NULL,
    name     TEXT COLLATE "C" NOT NULL,
    given_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, name)
);
CREATE INDEX permission_name_newest ON permission_name (app_id, given_at DESC, name);
INSERT INTO permission_name (app_id, name, given_at)
    SELECT k.app_id, p.value, MAX(k.created_at)
    FROM api_key k, json_array_elements_text(CAST(k.permissions AS json)) AS p (value)
    WHERE k.kind = 'service' AND k.permissions <> '[]' AND p.value NOT LIKE 'keystead.%' GROUP BY k.app_id, p.value;
