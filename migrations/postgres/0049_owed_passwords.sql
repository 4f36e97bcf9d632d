-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- Whether the password of a sign-in was too short to be all that protects the account, so that its session may only change it.
-- 0 or 1. An earlier version beside this one asks for no change, as before.
ALTER TABLE session ADD COLUMN owes_password BIGINT NOT NULL DEFAULT 0;
