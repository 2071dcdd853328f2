//! What editors are told agrees with what the program takes.

use serde_json::{Value, json};

use super::*;

fn accepts(instance: &Value) -> bool {
    jsonschema::draft202012::new(&schema()).expect("a valid schema").is_valid(instance)
}

/// Every key with its description, dotted, without the items of lists.
pub(super) fn keys() -> Vec<(String, String)> {
    fn walk(schema: &Value, owner: &Value, prefix: &str, found: &mut Vec<(String, String)>) {
        let properties = owner.get("properties").and_then(Value::as_object);
        for (key, property) in properties.into_iter().flatten() {
            let name = format!("{prefix}{key}");
            let description = property["description"].as_str().unwrap_or_default();
            found.push((name.clone(), description.to_owned()));
            let definition = property["$ref"].as_str().and_then(|r| schema.pointer(r.strip_prefix('#')?));
            if let Some(definition) = definition {
                walk(schema, definition, &format!("{name}."), found);
            }
        }
    }
    let schema = schema();
    let mut found = Vec::new();
    walk(&schema, &schema, "", &mut found);
    found
}

#[test]
fn every_key_has_a_description_of_one_line() {
    let keys = keys();
    assert!(keys.iter().any(|(key, _)| key == "embargo.window.days"), "{keys:?}");
    for (key, description) in keys {
        assert!(!description.is_empty(), "{key}");
        assert!(!description.contains('\n'), "{key}");
    }
}

#[test]
fn a_part_of_a_policy_is_enough() {
    assert!(accepts(&json!({})));
    assert!(accepts(&json!({ "extends": "django-2026", "redirect": { "mode": "shield" } })));
    assert!(accepts(&json!({ "embargo": { "window": { "days": ["tue"] } } })));
    assert!(accepts(&json!({ "redirect": { "reply_at": { "a_miss_is_worth": 20 }, "prior": "auto" } })));
    assert!(accepts(&json!({ "redirect": { "act_at": 0.8, "prior": 0.02, "allow": { "labels": ["ctf"] } } })));
}

#[test]
fn mistakes_are_seen_while_writing() {
    for wrong in [
        json!({ "contct": {} }),
        json!({ "redirect": { "mode": "hide" } }),
        json!({ "redirect": { "acts_at": 0.9 } }),
        json!({ "redirect": { "act_at": 2 } }),
        json!({ "redirect": { "reply_at": { "a_mis_is_worth": 20 } } }),
        json!({ "redirect": { "prior": "often" } }),
        json!({ "redirect": { "allow": { "title": ["x"] } } }),
        json!({ "embargo": { "max_days": 366 } }),
        json!({ "embargo": { "window": { "from": "13:00" } } }),
        json!({ "embargo": null }),
        json!({ "contact": { "email": null } }),
        json!({ "roles": { "triager": ["tom"] } }),
        json!({ "evaluation": { "checklist": [{ "id": "supported" }] } }),
    ] {
        assert!(!accepts(&wrong), "{wrong}");
    }
}

#[test]
fn whole_policies_fit_the_schema() {
    for preset in Preset::ALL {
        let text = format!(
            "extends: {preset}\ncontact: {{ email: a@example.org }}\nroles: {{ fixer: [\"@tom\"] }}\n\
             embargo: {{ window: {{ days: [tue], from: \"13:00Z\", to: \"16:00Z\" }}, blackout: [2026-12-24] }}\n\
             series: {{ lts: {{ \"4.2\": 2026-04-07 }} }}\n"
        );
        let mut json = serde_json::to_value(policy(&text)).expect("plain data");
        json.as_object_mut().expect("an object").remove("version");
        assert!(accepts(&json), "{preset}");
    }
}
