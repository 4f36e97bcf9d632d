-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The e-mail at which somebody was last seen to get mail, and since when. It counts while it is the person's e-mail: so a change
-- of that, which an earlier version may make beside this one, needs to reset nothing.
ALTER TABLE person ADD COLUMN confirmed_email TEXT;
ALTER TABLE person ADD COLUMN email_confirmed_at BIGINT;
