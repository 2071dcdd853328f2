//! Cuts a whole object down to what a document selected. Lists are connections with cursors.

use serde_json::{Map, Value, json};

use super::parse::{Field, Selection};
use crate::standin::refusal::{Outcome, Refusal};

/// The selected part of a resolved field.
pub(super) fn select(whole: &Value, field: &Field) -> Outcome<Value> {
    match whole {
        Value::Array(items) => connection(items, field),
        Value::Object(_) if field.selections.is_empty() => {
            Err(Refusal::new(400, format!("Field must have selections (field '{}')", field.name)))
        }
        Value::Object(object) => {
            let mut part = Map::new();
            fields(object, &field.selections, &mut part)?;
            Ok(Value::Object(part))
        }
        scalar => Ok(scalar.clone()),
    }
}

fn fields(object: &Map<String, Value>, selections: &[Selection], part: &mut Map<String, Value>) -> Outcome<()> {
    let kind = object.get("__typename").and_then(Value::as_str);
    for selection in selections {
        match selection {
            Selection::On(wanted, selections) => {
                let interfaces = object.get("__interfaces").and_then(Value::as_str);
                let fits =
                    kind == Some(wanted.as_str()) || interfaces.is_some_and(|i| i.split(' ').any(|i| i == wanted));
                if fits {
                    fields(object, selections, part)?;
                }
            }
            Selection::Field(field) => {
                let value = object.get(&field.name).ok_or_else(|| undefined(field, kind))?;
                part.insert(field.alias.clone(), select(value, field)?);
            }
        }
    }
    Ok(())
}

fn undefined(field: &Field, kind: Option<&str>) -> Refusal {
    let kind = kind.unwrap_or("Object");
    let message = format!("Field '{}' doesn't exist on type '{kind}'", field.name);
    Refusal::new(400, message)
}

/// A page of a list: `first`/`after` or `last`/`before`, 100 at most, as GitHub demands.
fn connection(items: &[Value], field: &Field) -> Outcome<Value> {
    let number = |name: &str| field.arguments.get(name).and_then(Value::as_u64);
    let cursor = |name: &str| {
        let text = field.arguments.get(name).and_then(Value::as_str)?;
        text.strip_prefix("cursor:")?.parse::<usize>().ok()
    };
    let (mut start, mut end) = (
        cursor("after").unwrap_or(0).min(items.len()),
        cursor("before").map_or(items.len(), |c| c.saturating_sub(1).min(items.len())),
    );
    let (first, last) = (number("first"), number("last"));
    let Some(size) = first.or(last) else {
        let message =
            format!("You must provide a `first` or `last` value to properly paginate the `{}` connection.", field.name);
        return Err(Refusal::new(422, message));
    };
    if size > 100 {
        return Err(Refusal::new(422, format!("Requesting {size} records exceeds the limit of 100")));
    }
    let size = usize::try_from(size).unwrap_or(100);
    if first.is_some() {
        end = end.min(start + size);
    } else {
        start = start.max(end.saturating_sub(size));
    }
    let end = end.max(start);
    let page = &items[start..end];
    let position = |place: usize| format!("cursor:{place}");
    let whole = json!({
        "__typename": format!("{}Connection", field.name),
        "totalCount": items.len(),
        "pageInfo": {
            "__typename": "PageInfo",
            "hasNextPage": end < items.len(),
            "hasPreviousPage": start > 0,
            "startCursor": (start < end).then(|| position(start + 1)),
            "endCursor": (start < end).then(|| position(end)),
        },
    });
    let mut part = Map::new();
    for selection in &field.selections {
        let Selection::Field(inner) = selection else {
            continue;
        };
        let value = match inner.name.as_str() {
            "nodes" => {
                let nodes = page.iter().map(|node| select(node, inner));
                Value::Array(nodes.collect::<Outcome<_>>()?)
            }
            "edges" => {
                let edges = page.iter().enumerate().map(|(index, node)| {
                    let edge = json!({"__typename": "Edge", "cursor": position(start + index + 1), "node": node});
                    select(&edge, inner)
                });
                Value::Array(edges.collect::<Outcome<_>>()?)
            }
            name => {
                let value = whole.get(name).ok_or_else(|| undefined(inner, None))?;
                select(value, inner)?
            }
        };
        part.insert(inner.alias.clone(), value);
    }
    Ok(Value::Object(part))
}
