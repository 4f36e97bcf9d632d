-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- The keys that an act on many took, so that it can be undone. It counts for an hour.
CREATE TABLE bulk_act (
    form_id   TEXT    NOT NULL PRIMARY KEY,
    person_id TEXT    NOT NULL,
    keys      TEXT    NOT NULL,
    done_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX bulk_act_done ON bulk_act (done_at);
