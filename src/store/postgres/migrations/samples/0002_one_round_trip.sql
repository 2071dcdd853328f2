-- Rows as an installation of schema version 2 makes them: by its functions.
SELECT embargod_accept(ARRAY['ended', 'accepted'], ARRAY['issues', 'issues'], ARRAY['repo:4', 'repo:4'],
                       ARRAY[1767225605000000, 1767225606000000], ARRAY['\x00ff'::bytea, '\x00ff'::bytea]);
UPDATE deliveries SET state = 'running', attempts = 1, lease_token = 'ending', lease_until = 1767225660000000
    WHERE guid = 'ended';
SELECT embargod_end_deliveries(ARRAY[id], ARRAY['ending'], ARRAY[1767225607000000], ARRAY[id], ARRAY[1767225607000000],
                               ARRAY[NULL], ARRAY['{"at":"2026-01-01T00:00:07Z","feature":"intake","subject":"post","outcome":"nothing","cause":"ended","policy_version":"1","reasons":[{"rule":"intake.ordinary","text":"an ordinary post"}],"effects":[]}'])
    FROM deliveries WHERE guid = 'ended';
