mod docs;
mod layers;
mod mistakes;
mod presets;
mod properties;
mod schema;
mod values;

use super::*;

/// What `text` is told about, one line a mistake, under the name `policy.yml`.
fn complaints(text: &str) -> Vec<String> {
    match parse_one("policy.yml", text) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems.iter().map(Problem::one_line).collect(),
    }
}

fn policy(text: &str) -> Policy {
    match parse_one("policy.yml", text) {
        Ok(effective) => effective.policy,
        Err(error) => panic!("{error}"),
    }
}

fn layer(origin: &str, text: &str) -> Layer {
    Layer { origin: origin.to_owned(), text: text.to_owned() }
}
