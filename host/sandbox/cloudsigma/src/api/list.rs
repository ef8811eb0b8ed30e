//! Lists: filters, order, pages and the choice of fields, the same for every kind.

use http::Uri;
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::state::{Outcome, World};

/// Objects on a page unless the request says otherwise.
pub(crate) const DEFAULT_LIMIT: usize = 20;
/// Fields that lists can be ordered by.
pub(crate) const ORDERING: [&str; 2] = ["uuid", "name"];

/// The query of a request, decoded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(uri: &Uri) -> Outcome<Self> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        pairs.map(|pairs| Self(pairs.0)).map_err(|_| ApiError::malformed("The query cannot be read"))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, usual: usize) -> Outcome<usize> {
        let Some(text) = self.get(name) else { return Ok(usual) };
        text.parse().map_err(|_| ApiError::validation(name, "A whole number is expected"))
    }
}

/// Which fields a list shows when the request does not choose.
#[derive(Clone, Copy)]
pub(crate) enum Shown<'a> {
    All,
    Only(&'a [&'a str]),
}

/// What a kind can be filtered by.
pub(crate) fn filters(kind: &str) -> &'static [&'static str] {
    match kind {
        "libdrives" => &[
            "arch",
            "category",
            "distribution",
            "image_type",
            "name",
            "name__icontains",
            "os",
            "uuid",
            "version",
            "media",
        ],
        "snapshots" => &["name", "name__contains", "uuid", "tag", "tag__name", "drive"],
        "jobs" => &["state", "uuid"],
        "subscriptions" => &["status", "resource"],
        "tags" => &["name", "uuid"],
        _ => &["name", "name__contains", "uuid", "tag", "tag__name"],
    }
}

/// The page of a list that a request asks for.
pub(crate) fn page(world: &World, kind: &str, objects: Vec<Value>, query: &Query, shown: Shown<'_>) -> Outcome<Value> {
    let (limit, offset) = (query.number("limit", DEFAULT_LIMIT)?, query.number("offset", 0)?);
    let mut found: Vec<Value> = objects.into_iter().filter(|object| passes(world, kind, object, query)).collect();
    order(&mut found, query)?;
    let total = found.len();
    let rest = found.into_iter().skip(offset);
    let page: Vec<Value> = if limit == 0 { rest.collect() } else { rest.take(limit).collect() };
    let chosen = query.get("fields").map(|names| names.split(',').map(str::trim).collect::<Vec<_>>());
    let page = page.into_iter().map(|object| match (&chosen, shown) {
        (Some(names), _) => project(object, names),
        (None, Shown::Only(names)) => project(object, names),
        (None, Shown::All) => object,
    });
    let meta = json!({ "limit": limit, "offset": offset, "total_count": total });
    Ok(json!({ "meta": meta, "objects": page.collect::<Vec<_>>() }))
}

fn project(object: Value, names: &[&str]) -> Value {
    let Value::Object(object) = object else { return object };
    Value::Object(object.into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect::<Map<_, _>>())
}

fn order(objects: &mut [Value], query: &Query) -> Outcome<()> {
    let Some(by) = query.get("order_by") else { return Ok(()) };
    let (name, backwards) = by.strip_prefix('-').map_or((by, false), |name| (name, true));
    if !ORDERING.contains(&name) {
        return Err(ApiError::validation("order_by", format!("Cannot be ordered by {name}")));
    }
    objects.sort_by(|a, b| a[name].as_str().cmp(&b[name].as_str()));
    if backwards {
        objects.reverse();
    }
    Ok(())
}

/// Parameters are ANDed, comma separated values of one are ORed. What is no filter of this kind is ignored.
fn passes(world: &World, kind: &str, object: &Value, query: &Query) -> bool {
    let wanted = query.0.iter().filter(|(name, _)| filters(kind).contains(&name.as_str()));
    wanted.into_iter().all(|(name, value)| alternatives(value).iter().any(|value| matches(world, object, name, value)))
}

fn matches(world: &World, object: &Value, name: &str, value: &str) -> bool {
    let text = |field: &str| object[field].as_str().unwrap_or_default();
    match name {
        "name__contains" => text("name").contains(value),
        "name__icontains" => text("name").to_lowercase().contains(&value.to_lowercase()),
        "drive" => object["drive"]["uuid"] == value,
        "tag" => tagged(object, |uuid| uuid == value),
        "tag__name" => tagged(object, |uuid| world.tag(uuid).is_ok_and(|tag| tag.name == value)),
        "category" => object["category"].as_array().is_some_and(|all| all.iter().any(|one| one == value)),
        "status" if value == "notexpired" => text("status") != "expired",
        "status" if value == "all" => true,
        field => text(field) == value,
    }
}

fn tagged(object: &Value, wanted: impl Fn(&str) -> bool) -> bool {
    let tags = object["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    tags.iter().filter_map(|tag| tag["uuid"].as_str()).any(wanted)
}

/// Splits at commas that no backslash protects.
fn alternatives(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for letter in value.chars() {
        match letter {
            '\\' if !escaped => escaped = true,
            ',' if !escaped => parts.push(String::new()),
            letter => {
                escaped = false;
                if let Some(last) = parts.last_mut() {
                    last.push(letter);
                }
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::alternatives;

    #[test]
    fn a_backslash_protects_a_comma() {
        assert_eq!(alternatives("a,b"), ["a", "b"]);
        assert_eq!(alternatives("a\\,b,c"), ["a,b", "c"]);
    }
}
