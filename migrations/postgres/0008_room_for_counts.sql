-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- Each second of traffic updates the same rows. With room for the new versions on their page, no index entry is made for
-- them, and a flush takes half as long.
ALTER TABLE key_usage_hour SET (fillfactor = 45);
