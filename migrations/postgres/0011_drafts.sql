-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- What people have typed into the wizard so far, without any secret. A draft counts for an hour.
CREATE TABLE key_draft (
    form_id   TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    person_id TEXT    NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    fields    TEXT    NOT NULL,
    saved_at  BIGINT  NOT NULL
);
CREATE INDEX key_draft_person ON key_draft (person_id, saved_at);
CREATE INDEX key_draft_saved ON key_draft (saved_at);
