-- Types are those that SQLite and PostgreSQL share: TEXT, BIGINT, BLOB. Instants are microseconds since 1970 in UTC.

-- The inbox. Bodies live apart: a claim or a settlement rewrites its row, and must not rewrite a large body with it.
CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    guid        TEXT    NOT NULL UNIQUE,
    event       TEXT    NOT NULL,
    lane        TEXT    NOT NULL,
    received_at BIGINT  NOT NULL,
    state       TEXT    NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'running', 'done', 'parked')),
    -- 1 for the oldest unfinished delivery of its lane, the only one that may run; kept right by whoever inserts or
    -- finishes one, so that a claim never walks over a long queue behind a busy lane.
    turn        BIGINT  NOT NULL CHECK (turn IN (0, 1)),
    -- 0 is at once.
    not_before  BIGINT  NOT NULL DEFAULT 0,
    attempts    BIGINT  NOT NULL DEFAULT 0,
    lease_token TEXT,
    lease_until BIGINT,
    last_error  TEXT,
    finished_at BIGINT
);
CREATE INDEX deliveries_unfinished ON deliveries (lane, id) WHERE state IN ('ready', 'running');
CREATE INDEX deliveries_turn ON deliveries (id) WHERE turn = 1;
CREATE INDEX deliveries_running ON deliveries (lease_until) WHERE state = 'running';
CREATE INDEX deliveries_parked ON deliveries (id) WHERE state = 'parked';

-- A body is cut into parts, because the database copies each value that it is handed, twice: all parts but the last are
-- of one size, and the last is smaller, if need be empty.
CREATE TABLE delivery_bodies (
    delivery_id BIGINT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    part        BIGINT NOT NULL,
    sealed      BLOB   NOT NULL,
    PRIMARY KEY (delivery_id, part)
);

-- The outbox, and the timers. `effect` is the described action as JSON; the columns beside it are what claims need.
CREATE TABLE effects (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    key         TEXT    NOT NULL UNIQUE,
    kind        TEXT    NOT NULL,
    lane        TEXT    NOT NULL,
    urgency     BIGINT  NOT NULL,
    case_key    TEXT,
    effect      TEXT    NOT NULL,
    -- 'scheduled' waits for its instant; a claim first turns those whose instant has come into 'ready'.
    state       TEXT    NOT NULL
                CHECK (state IN ('scheduled', 'ready', 'running', 'done', 'dead', 'dropped')),
    -- 0 is at once.
    runnable_at BIGINT  NOT NULL DEFAULT 0,
    attempts    BIGINT  NOT NULL DEFAULT 0,
    lease_token TEXT,
    lease_until BIGINT,
    result      TEXT,
    last_error  TEXT,
    enqueued_at BIGINT  NOT NULL,
    caused_at   BIGINT  NOT NULL,
    finished_at BIGINT
);
CREATE INDEX effects_scheduled ON effects (runnable_at) WHERE state = 'scheduled';
CREATE INDEX effects_ready ON effects (urgency, id) WHERE state = 'ready';
CREATE INDEX effects_running ON effects (lease_until) WHERE state = 'running';
CREATE INDEX effects_running_lane ON effects (lane) WHERE state = 'running';
CREATE INDEX effects_dead ON effects (id) WHERE state = 'dead';
CREATE INDEX effects_case ON effects (case_key, id);

-- Keys that must be over before the effect starts. A key that nobody enqueued counts as over.
CREATE TABLE effect_predecessors (
    effect_id BIGINT NOT NULL REFERENCES effects (id) ON DELETE CASCADE,
    after_key TEXT   NOT NULL,
    PRIMARY KEY (effect_id, after_key)
);

-- What the program remembers, as JSON under an optimistic version that counts from 1.
CREATE TABLE records (
    kind       TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    value      TEXT   NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (kind, key)
);

-- Ciphertext: evidence, wrapped keys. Written once.
CREATE TABLE sealed_blobs (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    owner    TEXT   NOT NULL,
    name     TEXT   NOT NULL,
    taken_at BIGINT NOT NULL,
    bytes    BLOB   NOT NULL,
    UNIQUE (owner, name)
);

CREATE TABLE numbers (
    series TEXT   PRIMARY KEY NOT NULL,
    last   BIGINT NOT NULL
);

-- Why everything was done. Append-only.
CREATE TABLE decisions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    decided_at BIGINT NOT NULL,
    case_key   TEXT,
    decision   TEXT   NOT NULL
);
CREATE INDEX decisions_case ON decisions (case_key, id);

CREATE TRIGGER decisions_are_never_changed BEFORE UPDATE ON decisions
BEGIN
    SELECT RAISE(ABORT, 'decisions are append-only');
END;
CREATE TRIGGER decisions_are_never_deleted BEFORE DELETE ON decisions
BEGIN
    SELECT RAISE(ABORT, 'decisions are append-only');
END;
