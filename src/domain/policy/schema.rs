//! The JSON Schema of policy files, for editors.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Policy;

/// The JSON Schema (draft 2020-12) of a policy file. No section and no key is required, since the preset supplies what
/// is not said; only the items of lists are whole.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Policy>().to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), "embargod policy".into());
        root.insert(
            "description".to_owned(),
            "The disclosure policy of a repository: .github/embargod.yml on its default branch.".into(),
        );
        root.remove("required");
    }
    let sections: Vec<String> = sections(&schema);
    for section in sections {
        if let Some(definition) = schema.pointer_mut(&format!("/$defs/{section}")).and_then(Value::as_object_mut) {
            definition.remove("required");
        }
    }
    tidy(&mut schema);
    schema
}

/// Takes out what serves Rust and not the writer of a policy: `null` (a key without value is a mistake), formats of
/// numbers, line breaks of doc comments.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get("type")
                && let [only, null] = types.as_slice()
                && null == "null"
            {
                map.insert("type".to_owned(), only.clone());
            }
            if let Some(Value::Array(choices)) = map.get("anyOf")
                && let [Value::Object(only), null] = choices.as_slice()
                && null.get("type").is_some_and(|kind| kind == "null")
            {
                let only = only.clone();
                map.remove("anyOf");
                map.extend(only);
            }
            if matches!(map.get("format"), Some(Value::String(format)) if format.starts_with("uint") || format == "double")
            {
                map.remove("format");
            }
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            map.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

/// Definitions that stand under a key, directly or inside another section, rather than in a list.
fn sections(schema: &Value) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = vec![schema.clone()];
    while let Some(owner) = open.pop() {
        let properties = owner.get("properties").and_then(Value::as_object).cloned();
        for property in properties.into_iter().flatten().map(|(_, value)| value) {
            for name in referenced(&property) {
                if let Some(definition) = schema.pointer(&format!("/$defs/{name}"))
                    && !found.contains(&name)
                {
                    open.push(definition.clone());
                    found.push(name);
                }
            }
        }
    }
    found
}

/// The definitions that a property may be, directly or as one of several.
fn referenced(property: &Value) -> Vec<String> {
    let name = |value: &Value| value.get("$ref")?.as_str()?.strip_prefix("#/$defs/").map(str::to_owned);
    let choices = property.get("anyOf").and_then(Value::as_array);
    name(property).into_iter().chain(choices.into_iter().flatten().filter_map(name)).collect()
}
