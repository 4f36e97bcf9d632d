-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- One row. Counts the changes of keys, and of what calls change of one, whichever program made them. So whoever keeps keys need
-- not read them again while it stays.
CREATE TABLE key_moment (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    number   INTEGER NOT NULL
) STRICT;
INSERT INTO key_moment (only_row, number) VALUES (1, 0);

CREATE TRIGGER api_key_moment_added AFTER INSERT ON api_key BEGIN
    UPDATE key_moment SET number = number + 1;
END;
CREATE TRIGGER api_key_moment_changed AFTER UPDATE ON api_key BEGIN
    UPDATE key_moment SET number = number + 1;
END;
CREATE TRIGGER api_key_moment_gone AFTER DELETE ON api_key BEGIN
    UPDATE key_moment SET number = number + 1;
END;
CREATE TRIGGER key_quota_moment_added AFTER INSERT ON key_quota BEGIN
    UPDATE key_moment SET number = number + 1;
END;
CREATE TRIGGER key_quota_moment_changed AFTER UPDATE ON key_quota BEGIN
    UPDATE key_moment SET number = number + 1;
END;
CREATE TRIGGER key_quota_moment_gone AFTER DELETE ON key_quota BEGIN
    UPDATE key_moment SET number = number + 1;
END;
CREATE TRIGGER key_usage_hour_moment_added AFTER INSERT ON key_usage_hour BEGIN
    UPDATE key_moment SET number = number + 1;
END;
CREATE TRIGGER key_usage_hour_moment_changed AFTER UPDATE ON key_usage_hour BEGIN
    UPDATE key_moment SET number = number + 1;
END;
CREATE TRIGGER key_usage_hour_moment_gone AFTER DELETE ON key_usage_hour BEGIN
    UPDATE key_moment SET number = number + 1;
END;
