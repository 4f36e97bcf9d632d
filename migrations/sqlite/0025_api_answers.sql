-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- Answers to calls with an Idempotency-Key, kept for a day. The status is 0 until the answer is kept. A secret in an answer is
-- sealed for 10 minutes at most, and about names the key or invite that it belongs to.
CREATE TABLE api_answer (
    mac          BLOB    NOT NULL PRIMARY KEY,
    request      BLOB    NOT NULL,
    made_at      INTEGER NOT NULL,
    status       INTEGER NOT NULL DEFAULT 0,
    headers      TEXT    NOT NULL DEFAULT '',
    body         TEXT    NOT NULL DEFAULT '',
    about        TEXT    NOT NULL DEFAULT '',
    sealed       BLOB ,
    seal_version INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX api_answer_made ON api_answer (made_at);
CREATE INDEX api_answer_sealed ON api_answer (made_at) WHERE about <> '';
