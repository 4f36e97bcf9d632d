-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- One row. Its number goes up with each transaction that may have changed a key, or what calls change of one, whichever program
-- made it. So whoever keeps keys need not read them again while it stays. Whoever rebuilds one of these three tables makes its
-- trigger again.
CREATE TABLE key_stamp (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    number   BIGINT NOT NULL
);
INSERT INTO key_stamp (only_row, number) VALUES (1, 0);

-- Once in a transaction, or a long one would walk through all versions of the row that it made.
CREATE FUNCTION key_stamp_raised() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE key_stamp SET number = number + 1 WHERE xmin <> CAST(pg_current_xact_id() AS xid);
    RETURN NULL;
END
$$;
-- In the order in which writers lock them.
CREATE TRIGGER key_stamp_raised AFTER INSERT OR UPDATE OR DELETE ON key_usage_hour
    FOR EACH STATEMENT EXECUTE FUNCTION key_stamp_raised();
CREATE TRIGGER key_stamp_raised AFTER INSERT OR UPDATE OR DELETE ON api_key
    FOR EACH STATEMENT EXECUTE FUNCTION key_stamp_raised();
CREATE TRIGGER key_stamp_raised AFTER INSERT OR UPDATE OR DELETE ON key_quota
    FOR EACH STATEMENT EXECUTE FUNCTION key_stamp_raised();
