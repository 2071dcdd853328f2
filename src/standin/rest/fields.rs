//! Reading request bodies: a missing field is `None`, a field of the wrong type is GitHub's 422.

use serde_json::Value;

use crate::standin::refusal::{Outcome, Refusal};

/// A JSON body being read for one resource.
pub(crate) struct Body<'a> {
    value: &'a Value,
    resource: &'static str,
}

impl<'a> Body<'a> {
    pub(crate) fn new(value: &'a Value, resource: &'static str) -> Self {
        Self { value, resource }
    }

    pub(crate) fn wrong(&self, field: &str, why: &str) -> Refusal {
        Refusal::invalid(self.resource, field, why)
    }

    pub(crate) fn get(&self, field: &str) -> Option<&'a Value> {
        self.value.get(field)
    }

    /// Refuses keys that GitHub does not know (`additionalProperties: false`).
    pub(crate) fn only(&self, known: &[&str]) -> Outcome<()> {
        let unknown = self.value.as_object().into_iter().flat_map(|o| o.keys()).find(|k| !known.contains(&k.as_str()));
        match unknown {
            Some(key) => Err(self.wrong(key, &format!("\"{key}\" is not a permitted key."))),
            None => Ok(()),
        }
    }

    /// A text. Null counts as absent.
    pub(crate) fn text(&self, field: &str) -> Outcome<Option<String>> {
        match self.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            // GitHub accepts a number as a title.
            Some(Value::Number(number)) if field == "title" => Ok(Some(number.to_string())),
            Some(_) => Err(self.wrong(field, "is not a string")),
        }
    }

    /// A text that must be there.
    pub(crate) fn needed_text(&self, field: &str) -> Outcome<String> {
        self.text(field)?.ok_or_else(|| self.wrong(field, &format!("\"{field}\" wasn't supplied.")))
    }

    /// A text of a fixed choice.
    pub(crate) fn choice(&self, field: &str, words: &[&str]) -> Outcome<Option<String>> {
        let text = self.text(field)?;
        match &text {
            Some(word) if !words.contains(&word.as_str()) => {
                Err(self.wrong(field, &format!("is not one of {}", words.join(", "))))
            }
            _ => Ok(text),
        }
    }

    /// A text where null is a value of its own: `Some(None)`.
    pub(crate) fn nullable_text(&self, field: &str) -> Outcome<Option<Option<String>>> {
        match self.get(field) {
            Some(Value::Null) => Ok(Some(None)),
            _ => Ok(self.text(field)?.map(Some)),
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&self, field: &str) -> Outcome<Option<Vec<String>>> {
        let Some(items) = self.list(field)? else {
            return Ok(None);
        };
        let texts = items.iter().map(|i| i.as_str().map(str::to_owned));
        let texts: Option<Vec<String>> = texts.collect();
        texts.map(Some).ok_or_else(|| self.wrong(field, "is not an array of strings"))
    }

    /// A list of anything.
    pub(crate) fn list(&self, field: &str) -> Outcome<Option<&'a Vec<Value>>> {
        match self.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(self.wrong(field, "is not an array")),
        }
    }
}
