-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- One row. Counts the statements that changed a key, or what calls change of one, whichever program made them. So whoever keeps
-- keys need not read them again while it stays.
CREATE TABLE key_moment (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    number   BIGINT NOT NULL
);
INSERT INTO key_moment (only_row, number) VALUES (1, 0);

CREATE FUNCTION key_moment_passes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE key_moment SET number = number + 1;
    RETURN NULL;
END
$$;
CREATE TRIGGER key_moment_passes AFTER INSERT OR UPDATE OR DELETE ON api_key
    FOR EACH STATEMENT EXECUTE FUNCTION key_moment_passes();
CREATE TRIGGER key_moment_passes AFTER INSERT OR UPDATE OR DELETE ON key_quota
    FOR EACH STATEMENT EXECUTE FUNCTION key_moment_passes();
CREATE TRIGGER key_moment_passes AFTER INSERT OR UPDATE OR DELETE ON key_usage_hour
    FOR EACH STATEMENT EXECUTE FUNCTION key_moment_passes();
