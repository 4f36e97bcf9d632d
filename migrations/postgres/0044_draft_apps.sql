-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The app that was chosen in the wizard, so that Back shows it. An earlier version, which runs beside this one, names none.
ALTER TABLE key_draft ADD COLUMN app_id TEXT;
