//! What imagined people write: mostly ordinary posts, now and then one that discloses.

/// A title and a body.
pub struct Post {
    pub title: String,
    pub body: String,
}

/// Every-day posts, which no rule has anything to say about.
const ORDINARY: [(&str, &str); 5] = [
    (
        "Documentation of the cache settings is hard to follow",
        "The page about cache settings mentions the timeout twice, with different defaults. Which one is right?",
    ),
    (
        "Date picker shows the wrong month in the Danish locale",
        "When I open the calendar in February the header says March. The days below are those of February. Clearing the \
         browser's cache does not help.",
    ),
    (
        "Feature request: sort the change list by two columns",
        "It would help us a lot if the list could be sorted by name first and by date second. Today the second click \
         replaces the first.",
    ),
    (
        "Tests fail on Windows because of line endings",
        "Seven tests compare files byte for byte, and git converts the line endings at checkout. Adding a gitattributes \
         file mends it for me; shall I send a pull request?",
    ),
    (
        "Upgrade from 5.1 to 5.2 takes very long",
        "The migration that adds an index has been running for an hour on our table with forty million rows. Is there a \
         way to build the index beforehand?",
    ),
];

/// An ordinary post that carries `mark`.
pub fn ordinary(mark: &str) -> Post {
    let (title, body) = ORDINARY[mark.len() % ORDINARY.len()];
    Post { title: title.to_owned(), body: format!("{body}\n\n(seen in build {mark})") }
}

/// A report with a working exploit that carries `mark`.
pub fn disclosure(mark: &str) -> Post {
    Post {
        title: format!("SQL injection in the order_by parameter of the {mark} endpoint"),
        body: format!(
            "The `order_by` parameter is put into the SQL statement without escaping, so an attacker who is not logged in \
             can read the whole user table of {mark}.\n\nSteps to reproduce:\n\n```sh\n\
             curl 'http://localhost:8000/{mark}?order_by=id%20UNION%20SELECT%20password%20FROM%20auth_user--'\n```\n\nThe \
             answer holds the password hashes of all users. Proof of concept works on a default install."
        ),
    }
}
