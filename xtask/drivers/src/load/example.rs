//! GitHub's published example of `issues.opened`, with its members in GitHub's order: sorted ones would pack otherwise than
//! theirs do.

use std::{fmt, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use crate::Failure;

/// The repository of the example, and its owner.
const OWNER: &str = "Codertocat";
const NAME: &str = "Hello-World";

#[derive(Deserialize)]
struct Event {
    name: String,
    examples: Vec<Node>,
}

/// JSON whose objects keep their order.
#[derive(Clone)]
pub enum Node {
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
    Other(Value),
}

/// The example in the file of all examples.
pub fn published(examples: &Path) -> Result<Node, Failure> {
    let place = examples.display();
    let text = std::fs::read_to_string(examples).map_err(|error| format!("{place}: {error}"))?;
    let events: Vec<Event> = serde_json::from_str(&text).map_err(|error| format!("{place}: {error}"))?;
    // That one is of a person's repository; most of those that have such an App are an organization's.
    let mut all = events.iter().flat_map(|event| &event.examples);
    let organization = all.find_map(|example| example.member("organization")).cloned();
    let mut issues = events.into_iter().filter(|event| event.name == "issues").flat_map(|event| event.examples);
    let opened = issues.find(|example| {
        let own = example.member("repository").and_then(|repository| repository.member("name"));
        example.member("action").is_some_and(|action| action.is("opened")) && own.is_some_and(|name| name.is(NAME))
    });
    let mut opened = opened.ok_or_else(|| format!("{place}: no example of issues.opened"))?;
    if let (Node::Object(members), Some(organization)) = (&mut opened, organization) {
        members.push(("organization".to_owned(), organization));
    }
    Ok(opened)
}

impl Node {
    fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    fn is(&self, text: &str) -> bool {
        matches!(self, Self::Other(Value::String(own)) if own == text)
    }

    /// The same of another repository, with what `payload` says instead where it says something.
    pub fn told_by(&self, payload: &Value) -> String {
        let full_name = payload["repository"]["full_name"].as_str().unwrap_or_default();
        let (owner, name) = full_name.split_once('/').unwrap_or_default();
        let mut whole = self.clone();
        whole.rename(owner, name);
        whole.overlay(payload);
        let mut text = String::new();
        whole.write(&mut text);
        text
    }

    fn rename(&mut self, owner: &str, name: &str) {
        match self {
            Self::Object(members) => members.iter_mut().for_each(|(_, value)| value.rename(owner, name)),
            Self::List(items) => items.iter_mut().for_each(|item| item.rename(owner, name)),
            Self::Other(Value::String(text)) => *text = text.replace(OWNER, owner).replace(NAME, name),
            Self::Other(_) => {}
        }
    }

    fn overlay(&mut self, above: &Value) {
        match (self, above) {
            (Self::Object(members), Value::Object(above)) => {
                for (key, value) in above {
                    match members.iter_mut().find(|(name, _)| name == key) {
                        Some((_, below)) => below.overlay(value),
                        None => members.push((key.clone(), Self::Other(value.clone()))),
                    }
                }
            }
            // It has labels, people and a milestone, which a post on the stage has not.
            (_, Value::Null) => {}
            (Self::List(_), Value::Array(none)) if none.is_empty() => {}
            (below, above) => *below = Self::Other(above.clone()),
        }
    }

    fn write(&self, text: &mut String) {
        let between = |text: &mut String, at| {
            if at > 0 {
                text.push(',')
            }
        };
        match self {
            Self::Object(members) => {
                text.push('{');
                for (at, (key, value)) in members.iter().enumerate() {
                    between(text, at);
                    text.push_str(&format!("{}:", Value::from(key.as_str())));
                    value.write(text);
                }
                text.push('}');
            }
            Self::List(items) => {
                text.push('[');
                for (at, item) in items.iter().enumerate() {
                    between(text, at);
                    item.write(text);
                }
                text.push(']');
            }
            Self::Other(value) => text.push_str(&value.to_string()),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut all = Vec::new();
        while let Some(member) = members.next_entry()? {
            all.push(member);
        }
        Ok(Node::Object(all))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Node::List(all))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Other(text.into()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Other(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other(Value::Null))
    }
}
