//! Asks webhooks and makes of their answers what the request gets.

use backplane_apimachinery::Status;
use backplane_apimachinery::scale::scale_of;
use serde_json::Value;

use super::Admission;
use super::answer::{self, Answer};
use super::choose::Chosen;
use super::hook::Hook;
use super::review::{self, Seen};
use crate::conversion::convert;
use crate::webhook::{Endpoint, Question};

/// A webhook that is asked.
struct Asked<'a> {
    hook: &'a Hook,
    uid: String,
    seen: Seen,
    request: Value,
    endpoint: Result<Endpoint, String>,
}

/// Asks webhooks about one write, all at once. Gives back what each made of the object, in the version in which it was shown;
/// `None` where it left it alone.
///
/// # Errors
/// The first refusal, or 500 for the first webhook that must answer and does not.
pub(super) fn ask(
    admission: &Admission<'_>,
    chosen: &[Chosen],
    object: Option<&Value>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Option<Value>>, Status> {
    let mut asked = Vec::new();
    for chosen in chosen {
        let question = prepare(admission, chosen, object)?;
        match matches(&question) {
            Ok(true) if admission.dry_run && !chosen.hook.dry_runs => return Err(no_dry_run(&chosen.hook.name)),
            Ok(true) => asked.push(question),
            Ok(false) => {}
            Err(why) if chosen.hook.fails => return Err(unclear(admission, object, &why)),
            Err(why) => {
                tracing::info!(webhook = chosen.hook.name, error = why, "match condition cannot be told; left out")
            }
        }
    }
    let answers = send(admission, &asked);
    asked.iter().zip(answers).map(|(asked, answer)| judge(asked, answer, warnings)).collect()
}

fn prepare<'c>(admission: &Admission<'_>, chosen: &'c Chosen, object: Option<&Value>) -> Result<Asked<'c>, Status> {
    let shown = |object: Option<&Value>| -> Result<Value, Status> {
        match (object, admission.subresource) {
            (None, _) => Ok(Value::Null),
            (Some(object), Some("scale")) => Ok(scale_of(&admission.resource.kind, object).unwrap_or_default()),
            (Some(object), _) => {
                let wanted = chosen.kind.api_version();
                let converted = convert(admission.server(), &chosen.kind, vec![object.clone()], &wanted)?;
                Ok(converted.into_iter().next().unwrap_or_default())
            }
        }
    };
    let seen = Seen { object: shown(object)?, old: shown(admission.old)? };
    let uid = admission.server().env.uuid();
    let request = review::request(admission, chosen, &uid, &admission.name(object), &seen);
    let endpoint = Endpoint::of(admission.server(), &chosen.hook.client);
    Ok(Asked { hook: &chosen.hook, uid, seen, request, endpoint })
}

/// Whether every condition holds. One that does not decides, whatever others could not be told.
fn matches(asked: &Asked<'_>) -> Result<bool, String> {
    let values = [("object", &asked.seen.object), ("oldObject", &asked.seen.old), ("request", &asked.request)];
    let mut unclear = None;
    for (name, condition) in &asked.hook.conditions {
        match condition.as_ref().map_err(Clone::clone).and_then(|condition| condition.holds(&values)) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(why) => unclear = unclear.or(Some(format!("matchCondition {name:?}: {why}"))),
        }
    }
    unclear.map_or(Ok(true), Err)
}

fn send(admission: &Admission<'_>, asked: &[Asked<'_>]) -> Vec<Result<Value, String>> {
    let server = admission.server();
    let questions = asked.iter().filter_map(|asked| {
        let endpoint = asked.endpoint.as_ref().ok()?;
        Some(Question { endpoint, body: review::document(&asked.request), timeout: asked.hook.timeout })
    });
    let mut answers = server.webhooks.ask(&server.env, questions.collect()).into_iter();
    let of = |asked: &Asked<'_>| match &asked.endpoint {
        Ok(_) => answers.next().unwrap_or_else(|| Err("no answer".into())),
        Err(why) => Err(why.clone()),
    };
    asked.iter().map(of).collect()
}

fn judge(
    asked: &Asked<'_>,
    answer: Result<Value, String>,
    warnings: &mut Vec<String>,
) -> Result<Option<Value>, Status> {
    let hook = asked.hook;
    let answer = match answer.and_then(|document| answer::read(&document, &asked.uid)) {
        Ok(answer) => answer,
        Err(why) if hook.fails => {
            let why = format!("failed calling webhook {:?}: failed to call webhook: {why}", hook.name);
            return Err(Status::internal(&why));
        }
        Err(why) => {
            tracing::warn!(webhook = hook.name, error = why, "webhook failed and may; going on without it");
            return Ok(None);
        }
    };
    let Answer { allowed, result, patch, warnings: told } = answer;
    warnings.extend(told);
    if !allowed {
        return Err(Status::denied(&hook.name, &result));
    }
    let patch = patch.filter(|_| !asked.seen.object.is_null());
    patch.map(|patch| answer::patched(&asked.seen.object, &patch)).transpose().map_err(|why| Status::internal(&why))
}

fn no_dry_run(webhook: &str) -> Status {
    Status::bad_request(format!("admission webhook {webhook:?} does not support dry run"))
}

fn unclear(admission: &Admission<'_>, object: Option<&Value>, why: &str) -> Status {
    let kind = &admission.resource.kind;
    Status::forbidden_because(&kind.group, &kind.plural, &admission.name(object), why)
}
