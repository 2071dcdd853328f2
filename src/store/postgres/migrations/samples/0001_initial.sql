-- Rows as an installation of schema version 1 holds them; every later migration is tried on them.
INSERT INTO deliveries (guid, event, lane, received_at, state, turn, not_before, attempts, lease_token, lease_until,
                        last_error, finished_at, sealed_body) VALUES
    ('waiting', 'issues', 'repo:1', 1767225600000000, 'ready', 1, 0, 0, NULL, NULL, NULL, NULL, '\x00ff'),
    ('running', 'issues', 'repo:2', 1767225601000000, 'running', 1, 0, 1, 'token', 1767225660000000, NULL, NULL, '\x00ff'),
    ('behind', 'issues', 'repo:2', 1767225602000000, 'ready', 0, 0, 0, NULL, NULL, NULL, NULL, '\x00ff'),
    ('done', 'issues', 'repo:1', 1767225603000000, 'done', 0, 0, 1, NULL, NULL, NULL, 1767225604000000, '\x00ff'),
    ('parked', 'issues', 'repo:3', 1767225604000000, 'parked', 0, 0, 9, NULL, NULL, '422', 1767225605000000, '\x00ff');

INSERT INTO effects (key, kind, lane, urgency, case_key, effect, state, turn, runnable_at, attempts, enqueued_at, caused_at,
                     result, finished_at) VALUES
    ('lock', 'lock_post', 'repo:1', 0, 'SEC-2026-1',
     '{"key":"lock","kind":"lock_post","lane":"repo:1","urgency":"protecting","case":"SEC-2026-1","payload":{}}',
     'done', 0, 0, 1, 1767225600000000, 1767225600000000, '{"locked":true}', 1767225601000000),
    ('remind', 'remind', 'repo:1', 3, NULL,
     '{"key":"remind","kind":"remind","lane":"repo:1","urgency":"upkeep","after":["lock"],"not_before":"2026-02-01T00:00:00Z","payload":{}}',
     'scheduled', 0, 1769904000000000, 0, 1767225600000000, 1767225600000000, NULL, NULL);
INSERT INTO effect_predecessors (effect_id, after_key) SELECT id, 'lock' FROM effects WHERE key = 'remind';

INSERT INTO records (kind, key, version, value, written_at) VALUES ('case', 'SEC-2026-1', 3, '{}', 1767225600000000);
INSERT INTO sealed_blobs (owner, name, taken_at, bytes) VALUES ('SEC-2026-1', 'body', 1767225600000000, '\x00ff');
INSERT INTO numbers (series, last) VALUES ('case:2026', 1);
INSERT INTO decisions (decided_at, case_key, decision) VALUES (1767225600000000, 'SEC-2026-1',
    '{"at":"2026-01-01T00:00:00Z","feature":"intake","subject":"post","outcome":"shielded","cause":"done","case":"SEC-2026-1","policy_version":"1","reasons":[{"rule":"intake.shield","text":"a disclosure"}],"effects":["lock"]}');
INSERT INTO audit_links (position, decision_id, previous, hash)
    SELECT 1, id, decode(repeat('00', 32), 'hex'), decode(repeat('ff', 32), 'hex') FROM decisions;
