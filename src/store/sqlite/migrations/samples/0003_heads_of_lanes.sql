-- Rows as an installation of schema version 3 holds them, beside those of the versions before.
INSERT INTO effects (key, kind, lane, urgency, case_key, effect, state, runnable_at, attempts, enqueued_at, caused_at,
                     blocked) VALUES
    ('say', 'say', 'repo:9', 2, NULL,
     '{"key":"say","kind":"say","lane":"repo:9","urgency":"courtesy","payload":{}}',
     'ready', 0, 0, 1767225606000000, 1767225606000000, 0);
