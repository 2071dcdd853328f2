//! The reference and the tables of sentences agree with the program.

use std::collections::BTreeMap;

use serde_json::Value;

use super::schema::keys;
use super::*;

const REFERENCE: &str = include_str!("../../../../docs/policy/README.md");
const SENTENCES: [(Preset, &str); 3] = [
    (Preset::Django2018, include_str!("../../../../docs/policy/django-2018.md")),
    (Preset::Django2024, include_str!("../../../../docs/policy/django-2024.md")),
    (Preset::Django2026, include_str!("../../../../docs/policy/django-2026.md")),
];

/// The cells of a table's rows.
fn rows(text: &str) -> Vec<Vec<String>> {
    text.lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix('|'))
        .map(|row| row.split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// A row of the reference by its key.
fn reference() -> BTreeMap<String, Vec<String>> {
    rows(REFERENCE)
        .into_iter()
        .filter(|row| row.len() == 7)
        .map(|row| (row[0].trim_matches(['`', '*']).to_owned(), row))
        .collect()
}

#[test]
fn every_key_of_the_schema_has_a_row_in_the_reference_and_no_other_key_has_one() {
    let documented = reference();
    let known: Vec<String> = keys().into_iter().map(|(key, _)| key).collect();
    for key in &known {
        assert!(documented.contains_key(key), "{key} is missing");
    }
    for key in documented.keys().filter(|key| *key != "key") {
        assert!(known.contains(key), "{key} is no key");
    }
}

#[test]
fn the_defaults_in_the_reference_are_those_of_the_presets() {
    let documented = reference();
    let columns = [(2, Preset::Django2018), (3, Preset::Django2024), (4, Preset::Django2026), (5, Preset::Minimal)];
    let mut compared = 0;
    for (column, preset) in columns {
        let json = serde_json::to_value(policy(&format!("extends: {preset}"))).expect("plain data");
        for (key, row) in &documented {
            if !row[0].starts_with('`') {
                continue;
            }
            let value = json.pointer(&format!("/{}", key.replace('.', "/")));
            let shown = match value {
                None => "–".to_owned(),
                Some(Value::Object(map)) if map.len() == 1 => "1 entry".to_owned(),
                Some(Value::Object(map)) => format!("{} entries", map.len()),
                Some(Value::Array(items)) if items.iter().any(Value::is_object) => {
                    format!("{} items", items.len())
                }
                Some(value) => value.to_string(),
            };
            assert_eq!(row[column], shown, "{key} in {preset}");
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
}

#[test]
fn the_example_of_the_reference_is_a_good_policy() {
    let example = REFERENCE.split("```").nth(1).expect("an example");
    let text = example.strip_prefix("yaml\n").expect("YAML");
    assert_eq!(policy(text).redirect.mode, Mode::Shield);
}

#[test]
fn every_sentence_is_linked_to_a_rule_or_to_a_human() {
    let keys: Vec<String> = keys().into_iter().map(|(key, _)| key).collect();
    for (preset, text) in SENTENCES {
        let rows: Vec<_> = rows(text).into_iter().filter(|row| row[0] != "No.").collect();
        assert!(rows.len() > 55, "{preset}: {}", rows.len());
        let items: Vec<String> =
            policy(&format!("extends: {preset}")).evaluation.checklist.into_iter().map(|item| item.id).collect();
        for row in rows {
            let [number, _, rule] = row.as_slice() else {
                panic!("{preset}: {row:?}");
            };
            let kinds = ["public redirect", "a human's duty", "not yet enforced (", "context"];
            let linked = quoted(rule).next().is_some() || kinds.iter().any(|kind| rule.contains(kind));
            assert!(linked, "{preset} {number}: {rule}");
            for name in quoted(rule) {
                let known = keys.iter().any(|key| key == name)
                    || items.iter().any(|item| item == name)
                    || crate::domain::intake::IntakeClass::ALL.iter().any(|class| class.slug() == name);
                assert!(known, "{preset} {number}: {name} is nothing that the program knows");
            }
        }
    }
}

#[test]
fn sentences_are_numbered_without_gaps() {
    for (preset, text) in SENTENCES {
        let mut expected = (0, 0);
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                expected = (expected.0 + 1, 0);
                assert!(title.starts_with(&format!("{}. ", expected.0)), "{preset}: {title}");
            } else if let Some(row) = line.strip_prefix("| ")
                && !row.starts_with("No.")
            {
                expected.1 += 1;
                let number = format!("{}.{} |", expected.0, expected.1);
                assert!(row.starts_with(&number), "{preset}: {row}");
            }
        }
        assert!(expected.0 >= 7, "{preset}");
    }
}

#[test]
fn every_item_of_a_checklist_has_a_sentence() {
    for (preset, text) in SENTENCES {
        for item in policy(&format!("extends: {preset}")).evaluation.checklist {
            assert!(text.contains(&format!("`{}`", item.id)), "{preset}: {}", item.id);
        }
    }
}
