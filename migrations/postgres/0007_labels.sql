-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- What a key is labelled with; '' is none.
ALTER TABLE api_key ADD COLUMN environment TEXT NOT NULL DEFAULT 'live';
ALTER TABLE api_key ADD COLUMN external_id TEXT NOT NULL DEFAULT '';
ALTER TABLE api_key ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE api_key ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE api_key ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';

-- The labels that lists are filtered and searched by, in the form of name_key. A live key has no row for that.
CREATE TABLE key_label (
    key_id TEXT COLLATE "C" NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    app_id TEXT COLLATE "C" NOT NULL,
    name   TEXT COLLATE "C" NOT NULL,
    value  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (key_id, name, value)
);
CREATE INDEX key_label_value ON key_label (app_id, name, value, key_id);
