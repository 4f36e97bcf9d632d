-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- The connections of an app with other systems. Ids begin with the time, so their order is that of creation. An empty `name`
-- is none. `extra` is a JSON object of what callers sent and Keystead only keeps. An app has one integration at most of
-- each kind that gathers what is reported with keys.
CREATE TABLE integration (
    id         TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    app_id     TEXT    COLLATE "C" NOT NULL REFERENCES app (id),
    kind       TEXT    COLLATE "C" NOT NULL,
    name       TEXT    NOT NULL,
    name_key   TEXT    COLLATE "C" NOT NULL,
    status     TEXT    NOT NULL,
    extra      TEXT    NOT NULL,
    created_at BIGINT  NOT NULL
);
CREATE INDEX integration_app ON integration (app_id, id);
CREATE UNIQUE INDEX integration_events ON integration (app_id, kind)
    WHERE kind IN ('open_connect', 'client', 'queue_adapter', 'telephony');

-- The addresses that are told what happens in an app. `triggers` is a JSON list of words, `sealed` the secret that every
-- call carries.
CREATE TABLE webhook (
    id                  TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    app_id              TEXT    COLLATE "C" NOT NULL REFERENCES app (id),
    integration_id      TEXT    COLLATE "C" NOT NULL REFERENCES integration (id),
    target              TEXT    NOT NULL,
    triggers            TEXT    NOT NULL,
    sealed              BYTEA   NOT NULL,
    seal_version        BIGINT  NOT NULL,
    include_full_user   BIGINT  NOT NULL,
    include_full_source BIGINT  NOT NULL,
    created_at          BIGINT  NOT NULL
);
CREATE INDEX webhook_integration ON webhook (integration_id, created_at, id);
CREATE INDEX webhook_app ON webhook (app_id);
