-- Rows as an installation of schema version 2 holds them, beside those of version 1.
INSERT INTO deliveries (guid, event, lane, received_at, state, turn, attempts, last_error, finished_at, discarded,
                        has_body) VALUES
    ('discarded', 'issues', 'repo:4', 1767225605000000, 'done', 0, 9, '422', 1767225606000000, 1, 0);
INSERT INTO audit_links (position, decision_id, previous, hash)
    SELECT 1, MIN(id), ZEROBLOB(32), X'00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF' FROM decisions;
