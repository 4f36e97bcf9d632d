-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- Forms whose keys are gone: a form makes one key, however late it is sent again.
CREATE TABLE used_form (
    form_id TEXT    NOT NULL PRIMARY KEY,
    key_id  TEXT    NOT NULL,
    gone_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_form_gone ON used_form (gone_at);
