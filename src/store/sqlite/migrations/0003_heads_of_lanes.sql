-- A claim of effects must not walk over those that cannot start. What can be claimed is kept ready instead: of each lane
-- in which nobody works, the one effect that would go first. Triggers keep it right, whoever writes.

-- 1 while one of its predecessors is not over.
ALTER TABLE effects ADD COLUMN blocked BIGINT NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1));

-- Derived from `effects`; can be made anew from it at any time.
CREATE TABLE effect_heads (
    lane      TEXT   PRIMARY KEY NOT NULL,
    urgency   BIGINT NOT NULL,
    effect_id BIGINT NOT NULL
);
CREATE INDEX effect_heads_order ON effect_heads (urgency, effect_id);

-- 'ready' means from now on: its instant has come. These find what a claim must move there, or back after a clock was set
-- back.
CREATE INDEX effects_due ON effects (urgency, runnable_at) WHERE state = 'scheduled';
CREATE INDEX effects_timed ON effects (runnable_at) WHERE state = 'ready' AND runnable_at > 0;
CREATE INDEX effects_claimable ON effects (lane, urgency, id) WHERE state = 'ready' AND blocked = 0;
CREATE INDEX effect_followers ON effect_predecessors (after_key);

-- For counting what waits, and since when, without reading the effects themselves.
CREATE INDEX effects_unfinished ON effects (MAX(runnable_at, enqueued_at), state)
    WHERE state IN ('scheduled', 'ready', 'running');

-- The same as before, with the state in it, so that counting reads the index alone.
DROP INDEX deliveries_unfinished;
CREATE INDEX deliveries_unfinished ON deliveries (lane, id, state) WHERE state IN ('ready', 'running');

-- Nothing asks for them any more.
DROP INDEX effects_ready;
DROP INDEX effects_scheduled;

UPDATE effects SET blocked = 1
WHERE state IN ('scheduled', 'ready', 'running') AND EXISTS (
    SELECT 1 FROM effect_predecessors p JOIN effects earlier ON earlier.key = p.after_key
    WHERE p.effect_id = effects.id AND earlier.state IN ('scheduled', 'ready', 'running'));

INSERT INTO effect_heads (lane, urgency, effect_id)
SELECT lane, urgency, id FROM effects first
WHERE state = 'ready' AND blocked = 0
  AND NOT EXISTS (SELECT 1 FROM effects busy WHERE busy.lane = first.lane AND busy.state = 'running')
  AND NOT EXISTS (
    SELECT 1 FROM effects sooner
    WHERE sooner.lane = first.lane AND sooner.state = 'ready' AND sooner.blocked = 0
      AND (sooner.urgency, sooner.id) < (first.urgency, first.id));

-- A new effect goes to the head of its lane if nobody works there and it would go before the one that is.
CREATE TRIGGER effects_new_head AFTER INSERT ON effects WHEN NEW.state = 'ready' AND NEW.blocked = 0
BEGIN
    DELETE FROM effect_heads WHERE lane = NEW.lane AND (urgency, effect_id) > (NEW.urgency, NEW.id);
    INSERT INTO effect_heads (lane, urgency, effect_id)
    SELECT NEW.lane, NEW.urgency, NEW.id
    WHERE NOT EXISTS (SELECT 1 FROM effect_heads WHERE lane = NEW.lane)
      AND NOT EXISTS (SELECT 1 FROM effects WHERE lane = NEW.lane AND state = 'running');
END;

-- When one starts, stops, may start or may not any more, the head of its lane is found anew.
CREATE TRIGGER effects_other_head AFTER UPDATE OF state, blocked ON effects
WHEN (OLD.state = 'running') <> (NEW.state = 'running')
  OR (OLD.state = 'ready' AND OLD.blocked = 0) <> (NEW.state = 'ready' AND NEW.blocked = 0)
BEGIN
    DELETE FROM effect_heads WHERE lane = NEW.lane;
    INSERT INTO effect_heads (lane, urgency, effect_id)
    -- Whether anybody works there is asked first, and once: as a condition it would be asked of each that waits.
    SELECT lane, urgency, id
    FROM (SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM effects WHERE lane = NEW.lane AND state = 'running')) free
    CROSS JOIN effects
    WHERE lane = NEW.lane AND state = 'ready' AND blocked = 0
    ORDER BY urgency, id LIMIT 1;
END;

-- Those that named it before it came wait for it now.
CREATE TRIGGER effects_new_predecessor AFTER INSERT ON effects WHEN NEW.state IN ('scheduled', 'ready', 'running')
BEGIN
    UPDATE effects SET blocked = 1
    WHERE id IN (SELECT effect_id FROM effect_predecessors WHERE after_key = NEW.key) AND blocked = 0;
END;

-- It is over: those that waited for it alone may go.
CREATE TRIGGER effects_predecessor_over AFTER UPDATE OF state ON effects
WHEN OLD.state IN ('scheduled', 'ready', 'running') AND NEW.state NOT IN ('scheduled', 'ready', 'running')
BEGIN
    UPDATE effects SET blocked = 0
    WHERE id IN (SELECT effect_id FROM effect_predecessors WHERE after_key = NEW.key) AND blocked = 1
      AND NOT EXISTS (
        SELECT 1 FROM effect_predecessors p JOIN effects earlier ON earlier.key = p.after_key
        WHERE p.effect_id = effects.id AND earlier.state IN ('scheduled', 'ready', 'running'));
END;

-- Somebody had it tried again: those that have not started wait again.
CREATE TRIGGER effects_predecessor_again AFTER UPDATE OF state ON effects
WHEN OLD.state NOT IN ('scheduled', 'ready', 'running') AND NEW.state IN ('scheduled', 'ready', 'running')
BEGIN
    UPDATE effects SET blocked = 1
    WHERE id IN (SELECT effect_id FROM effect_predecessors WHERE after_key = NEW.key) AND blocked = 0;
END;
