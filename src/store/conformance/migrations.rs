//! What a schema change must not do, on every backend.

/// Statements that an installation with rows cannot run, that stop everybody for long, or that take away what an older
/// program, which runs until its replica is replaced, still reads or writes.
pub fn unsafe_on_live_data(sql: &str) -> Option<&'static str> {
    let code: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or("")).collect();
    let code = code.join(" ").to_uppercase();
    code.split(';').find_map(|statement| {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let statement = words.join(" ");
        let has = |words: &str| statement.contains(words);
        let adds = has("ALTER TABLE") && has(" ADD ") && !has(" ADD CONSTRAINT");
        if adds && has("NOT NULL") && !has("DEFAULT") {
            Some("a new NOT NULL column needs a DEFAULT")
        } else if has("DROP TABLE") || has("DROP COLUMN") || (has("ALTER TABLE") && has(" DROP ")) {
            Some("dropping needs a release in which nothing reads it any more")
        } else if has("ALTER TABLE") && has(" RENAME ") {
            Some("an older program knows the old name")
        } else if has("SET NOT NULL") || (has(" ADD CONSTRAINT") && !has("NOT VALID")) {
            Some("rows that are there may not fit; an older program may write more of them")
        } else if has("ALTER COLUMN") && has(" TYPE ") {
            Some("the whole table is rewritten, and an older program expects the old type")
        } else {
            None
        }
    })
}

#[test]
fn unsafe_changes_are_found() {
    for refused in [
        "ALTER TABLE deliveries ADD COLUMN size BIGINT NOT NULL;",
        "alter table deliveries\n  add column size bigint -- DEFAULT 0\n  not null",
        "ALTER TABLE deliveries ADD size BIGINT NOT NULL",
        "DROP TABLE numbers;",
        "ALTER TABLE deliveries DROP COLUMN lane",
        "ALTER TABLE deliveries RENAME COLUMN lane TO street",
        "ALTER TABLE effects ALTER COLUMN result SET NOT NULL",
        "ALTER TABLE effects ALTER COLUMN urgency TYPE TEXT",
        "ALTER TABLE effects ADD CONSTRAINT positive CHECK (urgency >= 0)",
    ] {
        assert!(unsafe_on_live_data(refused).is_some(), "{refused}");
    }
    for allowed in [
        "ALTER TABLE deliveries ADD COLUMN size BIGINT NOT NULL DEFAULT 0;",
        "ALTER TABLE deliveries ADD COLUMN note TEXT",
        "CREATE TABLE notes (id BIGINT PRIMARY KEY, text TEXT NOT NULL); CREATE INDEX a ON notes (text)",
    ] {
        assert_eq!(unsafe_on_live_data(allowed), None, "{allowed}");
    }
}
