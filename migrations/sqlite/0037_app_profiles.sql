-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- What another family keeps with an app: a JSON object.
ALTER TABLE app ADD COLUMN profile TEXT NOT NULL DEFAULT '{}';
