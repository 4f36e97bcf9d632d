-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- Forms whose keys are gone: a form makes one key, however late it is sent again.
CREATE TABLE used_form (
    form_id TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    key_id  TEXT    COLLATE "C" NOT NULL,
    gone_at BIGINT  NOT NULL
);
CREATE INDEX used_form_gone ON used_form (gone_at);
