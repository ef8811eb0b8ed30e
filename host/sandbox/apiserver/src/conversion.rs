//! Objects in another version of their kind: by rewriting `apiVersion`, or by asking the definition's webhook.
//!
//! Objects are stored in the storage version and converted on their way in and out. What a webhook answered is remembered by
//! revision, so a change is converted once per version however many watch it.
//!
//! Source: `k8s.io/apiextensions-apiserver/pkg/apiserver/conversion`.

mod check;
mod memory;

use std::time::Duration;

use backplane_apimachinery::kind::Origin;
use backplane_apimachinery::{ResourceKind, Status};
use backplane_core::Kind;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::pipeline::events;
use crate::server::Inner;
use crate::storage::Stored;
use crate::webhook::{Endpoint, Question};
pub(crate) use memory::Memory;

/// How long a conversion may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Objects in one question to a webhook.
const BATCH: usize = 100;

/// Shows objects in a version of their kind; `kind` is the kind in any version. For a thread that may block.
///
/// # Errors
/// 500 when the webhook gives no good answer.
pub(crate) fn convert(
    server: &Inner,
    kind: &ResourceKind,
    objects: Vec<Value>,
    api_version: &str,
) -> Result<Vec<Value>, Status> {
    let foreign: Vec<usize> = (0..objects.len()).filter(|i| objects[*i]["apiVersion"] != api_version).collect();
    let mut objects = as_converted(server, kind, objects, api_version)?;
    let target = server.registry.kinds().kind(&Kind::from_api_version(api_version, &kind.kind)).cloned();
    if let Some(target) = target.filter(|_| kind.origin == Origin::Custom) {
        for i in foreign {
            target.prune(&mut objects[i]);
            // Defaults are filled in where objects are read from the store; other versions show what was converted.
            if target.storage {
                target.default(&mut objects[i]);
            }
        }
    }
    Ok(objects)
}

/// As [`convert`], but as the conversion leaves the objects: with fields that the version does not know, without defaults.
///
/// # Errors
/// As [`convert`].
pub(crate) fn as_converted(
    server: &Inner,
    kind: &ResourceKind,
    mut objects: Vec<Value>,
    api_version: &str,
) -> Result<Vec<Value>, Status> {
    let foreign: Vec<usize> = (0..objects.len()).filter(|i| objects[*i]["apiVersion"] != api_version).collect();
    if foreign.is_empty() {
        return Ok(objects);
    }
    match &kind.conversion.webhook {
        None => foreign.iter().for_each(|i| rewrite(&mut objects[*i], kind, api_version)),
        Some(webhook) => {
            for part in foreign.chunks(BATCH) {
                let asked: Vec<Value> = part.iter().map(|i| objects[*i].clone()).collect();
                let answered = ask(server, webhook, &asked, api_version)?;
                part.iter().zip(answered).for_each(|(i, converted)| objects[*i] = converted);
            }
        }
    }
    Ok(objects)
}

fn rewrite(object: &mut Value, kind: &ResourceKind, api_version: &str) {
    events::show(object, &kind.group);
    object["apiVersion"] = api_version.into();
}

/// Stored objects in the version of a kind, as JSON. For a thread that may block if the kind has a webhook.
///
/// # Errors
/// As [`convert`].
pub(crate) fn render<'a>(
    server: &Inner,
    kind: &ResourceKind,
    stored: impl IntoIterator<Item = &'a Stored>,
) -> Result<Vec<Bytes>, Status> {
    let wanted = kind.api_version();
    let known = |stored: &Stored| match *stored.api_version == wanted {
        true => Some(stored.bytes.clone()),
        false => server.conversions.get(stored.revision, &wanted),
    };
    let stored: Vec<&Stored> = stored.into_iter().collect();
    let mut bytes: Vec<Option<Bytes>> = stored.iter().map(|stored| known(stored)).collect();
    let missing: Vec<usize> = (0..bytes.len()).filter(|i| bytes[*i].is_none()).collect();
    let values = missing.iter().map(|i| stored[*i].value()).collect();
    for (i, value) in missing.into_iter().zip(convert(server, kind, values, &wanted)?) {
        let json = Bytes::from(value.to_string());
        if kind.conversion.webhook.is_some() {
            server.conversions.put(stored[i].revision, &wanted, &json);
        }
        bytes[i] = Some(json);
    }
    Ok(bytes.into_iter().flatten().collect())
}

fn ask(server: &Inner, webhook: &Value, objects: &[Value], api_version: &str) -> Result<Vec<Value>, Status> {
    let failed =
        |why: String| Status::unclassified(format!("conversion webhook for {} failed: {why}", shown(&objects[0])));
    let endpoint = Endpoint::of(server, &webhook["clientConfig"]).map_err(failed)?;
    let uid = server.env.uuid();
    let request = json!({"uid": uid, "desiredAPIVersion": api_version, "objects": objects});
    let body = json!({"kind": "ConversionReview", "apiVersion": check::REVIEW, "request": request});
    let question = Question { endpoint: &endpoint, body, timeout: TIMEOUT };
    let answer = server.webhooks.ask(&server.env, vec![question]).pop();
    let answer = answer.unwrap_or_else(|| Err("no answer".into())).map_err(failed)?;
    check::objects(answer, &uid, objects, api_version).map_err(|wrong| match wrong {
        check::Wrong::Failed(why) => failed(why),
        check::Wrong::Returned(why) => {
            Status::unclassified(format!("conversion webhook for {} returned {why}", shown(&objects[0])))
        }
    })
}

fn shown(object: &Value) -> String {
    let text = |field: &str| object[field].as_str().unwrap_or_default();
    format!("{}, Kind={}", text("apiVersion"), text("kind"))
}
