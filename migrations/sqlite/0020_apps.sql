-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- `name_key` is the form of the name that lists sort and search by, `likeness` the one that no two apps in use share.
-- Until now there was only the app "Default". archived_at 0 = in use.
ALTER TABLE app ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE app ADD COLUMN likeness TEXT NOT NULL DEFAULT '';
ALTER TABLE app ADD COLUMN archived_at INTEGER NOT NULL DEFAULT 0;
UPDATE app SET name_key = lower(name), likeness = lower(name);
CREATE UNIQUE INDEX app_likeness_in_use ON app (likeness) WHERE archived_at = 0;
CREATE INDEX app_name ON app (name_key, id);

-- The apps to which somebody is limited, as ids with a space between them; '' is no limit.
ALTER TABLE person ADD COLUMN apps TEXT NOT NULL DEFAULT '';
ALTER TABLE invite ADD COLUMN apps TEXT NOT NULL DEFAULT '';

-- The app that was chosen last; '' is all.
ALTER TABLE session ADD COLUMN app_id TEXT NOT NULL DEFAULT '';
