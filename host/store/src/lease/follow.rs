//! Tells what the API server holds of leases: a list, then a watch, and again when that ends.
//!
//! Apart from the shared cache, because it is one namespace's, because it must not wait for anything else, and because it
//! has to begin after the member Lease was made.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc::UnboundedSender;

use super::object::{SELECTOR, Sight};
use super::requests::Requests;

/// Pause after a failure; short, because a standby that sees nothing takes over late.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a watch is asked to last, and how long it may be silent beyond that. Renewals arrive every few seconds.
const LIFETIME: Duration = Duration::from_secs(290);
const SILENCE: Duration = Duration::from_secs(20);

/// What was learnt.
#[derive(Debug)]
pub(super) enum News {
    Listed(Vec<Sight>, u64),
    Seen(Sight),
    Gone(String, u64),
    Failed(String),
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// Goes on until nobody listens or it is aborted.
pub(super) async fn follow(requests: Requests, news: UnboundedSender<News>) {
    while !news.is_closed() {
        match requests.list().await {
            Ok((sights, version)) => {
                // A closed channel ends the loop.
                let _ = news.send(News::Listed(sights, version));
                watch(&requests, version, &news).await;
            }
            Err(why) => drop(news.send(News::Failed(why))),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn watch(requests: &Requests, version: u64, news: &UnboundedSender<News>) {
    let path = format!(
        "{}?watch=1&labelSelector={SELECTOR}&timeoutSeconds={}&resourceVersion={version}",
        requests.collection(),
        LIFETIME.as_secs()
    );
    let Ok(Ok(mut lines)) = requests.transport.open(&path, SILENCE).await else { return };
    while let Ok(Some(line)) = lines.next().await {
        let Some(said) = read(&line) else { return };
        if news.send(said).is_err() {
            return;
        }
    }
}

/// `None` for what ends a watch: an error, or something else than an event.
fn read(line: &[u8]) -> Option<News> {
    let event: Event<'_> = serde_json::from_slice(line).ok()?;
    let sight = Sight::read(event.object.get().as_bytes())?;
    match event.kind {
        "ADDED" | "MODIFIED" => Some(News::Seen(sight)),
        "DELETED" => Some(News::Gone(sight.name, sight.version)),
        _ => None,
    }
}
