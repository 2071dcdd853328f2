-- Rows as an installation of schema version 2 holds them, beside those of version 1.
INSERT INTO deliveries (guid, event, lane, received_at, state, turn, attempts, last_error, finished_at, discarded,
                        has_body) VALUES
    ('discarded', 'issues', 'repo:4', 1767225605000000, 'done', 0, 9, '422', 1767225606000000, 1, 0);
INSERT INTO audit_links (position, decision_id, previous, hash)
    SELECT 1, MIN(id), ZEROBLOB(32), X'00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF' FROM decisions;

-- Of lane 8 the first may start and the second waits behind it; in lane 7 somebody worked and died; `held` waits for one.
INSERT INTO effects (key, kind, lane, urgency, effect, state, attempts, lease_token, lease_until, enqueued_at, caused_at)
VALUES
    ('second', 'say', 'repo:8', 2,
     '{"key":"second","kind":"say","lane":"repo:8","urgency":"courtesy","payload":{}}',
     'ready', 0, NULL, NULL, 1767225605000000, 1767225605000000),
    ('first', 'say', 'repo:8', 1,
     '{"key":"first","kind":"say","lane":"repo:8","urgency":"private","payload":{}}',
     'ready', 0, NULL, NULL, 1767225605000000, 1767225605000000),
    ('died', 'say', 'repo:7', 2,
     '{"key":"died","kind":"say","lane":"repo:7","urgency":"courtesy","payload":{}}',
     'running', 1, 'token', 1767225660000000, 1767225605000000, 1767225605000000),
    ('beside', 'say', 'repo:7', 0,
     '{"key":"beside","kind":"say","lane":"repo:7","urgency":"protecting","payload":{}}',
     'ready', 0, NULL, NULL, 1767225605000000, 1767225605000000),
    ('held', 'say', 'repo:6', 0,
     '{"key":"held","kind":"say","lane":"repo:6","urgency":"protecting","after":["second"],"payload":{}}',
     'ready', 0, NULL, NULL, 1767225605000000, 1767225605000000);
INSERT INTO effect_predecessors (effect_id, after_key) SELECT id, 'second' FROM effects WHERE key = 'held';
