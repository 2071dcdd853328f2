-- Where a large body is put together from its parts. Rows live within one transaction: nobody sees those of another, and an
-- unlogged table forgets them with the server.
CREATE UNLOGGED TABLE arriving_parts (
    guid TEXT NOT NULL,
    part BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
-- They are sealed, and cannot be made smaller.
ALTER TABLE arriving_parts ALTER COLUMN sealed SET STORAGE EXTERNAL;
