-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The accounts with the fewest failures, which go first when there are too many, are read in this order without a sort.
CREATE INDEX sign_in_failure_fewest ON sign_in_failure (failures, last_at, email_mac);
