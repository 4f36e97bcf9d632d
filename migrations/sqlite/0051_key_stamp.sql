-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- One row. Its number goes up with each change of a key, and of what calls change of one, whichever program makes it. So whoever
-- keeps keys need not read them again while it stays. Whoever rebuilds one of these three tables makes its triggers again.
CREATE TABLE key_stamp (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    number   INTEGER NOT NULL
) STRICT;
INSERT INTO key_stamp (only_row, number) VALUES (1, 0);

CREATE TRIGGER key_usage_hour_stamp_added AFTER INSERT ON key_usage_hour BEGIN
    UPDATE key_stamp SET number = number + 1;
END;
CREATE TRIGGER key_usage_hour_stamp_changed AFTER UPDATE ON key_usage_hour BEGIN
    UPDATE key_stamp SET number = number + 1;
END;
CREATE TRIGGER key_usage_hour_stamp_gone AFTER DELETE ON key_usage_hour BEGIN
    UPDATE key_stamp SET number = number + 1;
END;
CREATE TRIGGER api_key_stamp_added AFTER INSERT ON api_key BEGIN
    UPDATE key_stamp SET number = number + 1;
END;
CREATE TRIGGER api_key_stamp_changed AFTER UPDATE ON api_key BEGIN
    UPDATE key_stamp SET number = number + 1;
END;
CREATE TRIGGER api_key_stamp_gone AFTER DELETE ON api_key BEGIN
    UPDATE key_stamp SET number = number + 1;
END;
CREATE TRIGGER key_quota_stamp_added AFTER INSERT ON key_quota BEGIN
    UPDATE key_stamp SET number = number + 1;
END;
CREATE TRIGGER key_quota_stamp_changed AFTER UPDATE ON key_quota BEGIN
    UPDATE key_stamp SET number = number + 1;
END;
CREATE TRIGGER key_quota_stamp_gone AFTER DELETE ON key_quota BEGIN
    UPDATE key_stamp SET number = number + 1;
END;
