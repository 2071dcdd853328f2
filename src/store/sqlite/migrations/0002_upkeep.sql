-- A delivery that an operator took off the list of parked ones is over like one that was done: its state is 'done', so
-- that everything that asks for finished deliveries finds it, and this column tells the two apart.
ALTER TABLE deliveries ADD COLUMN discarded BIGINT NOT NULL DEFAULT 0 CHECK (discarded IN (0, 1));

-- 0 once the body was removed, so that retention never looks at the same delivery twice.
ALTER TABLE deliveries ADD COLUMN has_body BIGINT NOT NULL DEFAULT 1 CHECK (has_body IN (0, 1));

CREATE INDEX deliveries_over ON deliveries (has_body, finished_at) WHERE state = 'done';

-- The chain over the decisions, in the order of their row numbers; hashes are 32 bytes of SHA-256. No foreign key: an
-- entry that somebody removed by force must leave a link that points at nothing.
CREATE TABLE audit_links (
    position    INTEGER PRIMARY KEY,
    decision_id BIGINT NOT NULL UNIQUE,
    previous    BLOB   NOT NULL CHECK (LENGTH(previous) = 32),
    hash        BLOB   NOT NULL CHECK (LENGTH(hash) = 32)
);

CREATE TRIGGER audit_links_are_never_changed BEFORE UPDATE ON audit_links
BEGIN
    SELECT RAISE(ABORT, 'the audit chain is append-only');
END;
CREATE TRIGGER audit_links_are_never_deleted BEFORE DELETE ON audit_links
BEGIN
    SELECT RAISE(ABORT, 'the audit chain is append-only');
END;
