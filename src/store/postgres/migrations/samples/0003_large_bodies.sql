-- What an installation of schema version 3 would leave behind if it did not take its parts away: nobody looks at it.
INSERT INTO arriving_parts (guid, part, sealed) VALUES ('of another', 0, '\x00ff'::bytea);
