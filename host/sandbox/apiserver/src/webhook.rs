//! Calls to webhooks: a JSON document out, a JSON document back, over TLS.
//!
//! The pipeline itself is synchronous. Whoever may have to call out runs [`aside`], on a thread that may block, and calls
//! with [`Webhooks::ask`] there; nothing else in this crate waits.
//!
//! Source: `k8s.io/apiserver/pkg/util/webhook`.

mod dial;
mod endpoint;
mod words;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use serde_json::Value;

use crate::env::Env;
use crate::server::Inner;
use dial::{Caller, caller};
pub(crate) use endpoint::Endpoint;

/// Bytes that an answer may have.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// Runs what may call out, on a thread that may block.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The task is only cancelled when the runtime ends, and with it whoever waits here.
            Err(_) => std::future::pending().await,
        },
    }
}

/// The connections to webhooks, kept open between calls.
#[derive(Default)]
pub(crate) struct Webhooks {
    callers: Mutex<HashMap<dial::Place, Caller>>,
}

/// Documents that were sent at once, and what became of each.
pub(crate) struct Question<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) body: Value,
    pub(crate) timeout: Duration,
}

impl Webhooks {
    /// Asks several at once and waits for every answer, in the same order; for a thread that may block.
    ///
    /// An error says why there is no answer, in the words of kube-apiserver.
    pub(crate) fn ask(&self, env: &Env, questions: Vec<Question<'_>>) -> Vec<Result<Value, String>> {
        let asked = questions.into_iter().map(|question| self.one(env, question));
        tokio::runtime::Handle::current().block_on(futures::future::join_all(asked))
    }

    async fn one(&self, env: &Env, question: Question<'_>) -> Result<Value, String> {
        let Question { endpoint, body, timeout } = question;
        let separator = if endpoint.url.contains('?') { '&' } else { '?' };
        let url = format!("{}{separator}timeout={}s", endpoint.url, timeout.as_secs());
        let told = |why: String| format!("Post \"{url}\": {why}");
        let caller = self.caller(endpoint).map_err(&told)?;
        let exchange = exchange(caller, &url, Bytes::from(body.to_string()));
        tokio::select! {
            answer = exchange => match answer {
                Ok((200, bytes)) => serde_json::from_slice(&bytes).map_err(|error| words::undecodable(&error)),
                Ok((code, bytes)) => Err(words::of_code(code, &bytes)),
                Err(error) => Err(told(words::of_error(&*error))),
            },
            () = env.clock.sleep(timeout) => Err(told("context deadline exceeded".into())),
        }
    }

    fn caller(&self, endpoint: &Endpoint) -> Result<Caller, String> {
        let place = endpoint.place();
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = callers.get(&place) {
            return Ok(known.clone());
        }
        let new = caller(&place)?;
        callers.insert(place, new.clone());
        Ok(new)
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn exchange(caller: Caller, url: &str, body: Bytes) -> Result<(u16, Bytes), Failure> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json, */*")
        .header(USER_AGENT, "kube-apiserver-admission")
        .body(Full::new(body))?;
    let response = caller.request(request).await?;
    let code = response.status().as_u16();
    let bytes = Limited::new(response.into_body(), ANSWER_LIMIT).collect().await?.to_bytes();
    Ok((code, bytes))
}

impl Inner {
    /// Whether anything in this server may have to call out.
    pub(crate) fn calls_out(&self) -> bool {
        self.registry.kinds().converts() || crate::pipeline::admission::any(self)
    }
}
