-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- What is told to a webhook, one thing each, in the order of `n`. Only the first that waits in a lane of a webhook has a
-- `due_at`; that of the others, and of those that are over, is the largest integer. `lease` names the process that is sending
-- it; if that process does not say before `due_at` what came of it, another takes it over. A `done_at` or `status` of 0 is none.
CREATE TABLE delivery (
    n              BIGINT  NOT NULL PRIMARY KEY,
    id             TEXT    COLLATE "C" NOT NULL,
    app_id         TEXT    COLLATE "C" NOT NULL,
    integration_id TEXT    COLLATE "C" NOT NULL,
    webhook_id     TEXT    COLLATE "C" NOT NULL,
    trigger_name   TEXT    NOT NULL,
    about          TEXT    NOT NULL,
    lane           TEXT    COLLATE "C" NOT NULL,
    state          TEXT    COLLATE "C" NOT NULL,
    tries          BIGINT  NOT NULL,
    created_at     BIGINT  NOT NULL,
    due_at         BIGINT  NOT NULL,
    lease          TEXT    NOT NULL,
    done_at        BIGINT  NOT NULL,
    status         BIGINT  NOT NULL,
    answer         TEXT    NOT NULL,
    failure        TEXT    NOT NULL
);
CREATE UNIQUE INDEX delivery_id ON delivery (id);
CREATE INDEX delivery_list ON delivery (integration_id, n);
CREATE INDEX delivery_state ON delivery (integration_id, state, n);
CREATE INDEX delivery_due ON delivery (webhook_id, due_at, n) WHERE state = 'waiting';
CREATE INDEX delivery_lane ON delivery (webhook_id, lane, n) WHERE state = 'waiting';
CREATE INDEX delivery_behind ON delivery (created_at) WHERE state = 'waiting' AND due_at = 9223372036854775807;
CREATE INDEX delivery_done ON delivery (done_at) WHERE state <> 'waiting';
