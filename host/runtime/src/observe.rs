//! What the daemon tells about itself: `/healthz`, `/readyz`, `/metrics`, `/watches`, `/leases`.
//!
//! `/healthz` answers as long as the process serves. `/readyz` is 503 until every kind that a plugin reads has been listed or is
//! known not to be served, and again while it stops; its body names what is missing. `/metrics` is Prometheus text,
//! `/watches` is what each watch costs, as JSON, `/leases` who holds
//! what, and by which settings.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::watches::WatchReport;

/// Answers what the endpoints ask.
pub(crate) trait Observed: Send + Sync + 'static {
    /// What is not ready yet, a line each; empty when ready.
    fn missing(&self) -> Vec<String>;
    /// Prometheus text.
    fn metrics(&self) -> String;
    /// What each watch costs.
    fn watches(&self) -> Vec<WatchReport>;
    /// JSON.
    fn leases(&self) -> String;
}

/// A listener that is open before anything else starts, so that a port in use is found early.
pub(crate) struct Observer {
    listener: TcpListener,
    address: SocketAddr,
}

impl Observer {
    pub(crate) async fn bind(listen: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until cancelled.
    pub(crate) async fn serve(self, observed: Arc<dyn Observed>, stop: CancellationToken) {
        let router = Router::new()
            .route("/healthz", get(async || "ok"))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .route("/watches", get(watches))
            .route("/leases", get(leases))
            .with_state(observed);
        let served = axum::serve(self.listener, router).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "the observe listener ended");
        }
    }
}

async fn ready(State(observed): State<Arc<dyn Observed>>) -> Response {
    let missing = observed.missing();
    if missing.is_empty() {
        return "ok".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n")).into_response()
}

async fn metrics(State(observed): State<Arc<dyn Observed>>) -> Response {
    const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, TEXT)], observed.metrics()).into_response()
}

async fn watches(State(observed): State<Arc<dyn Observed>>) -> Json<Vec<WatchReport>> {
    Json(observed.watches())
}

async fn leases(State(observed): State<Arc<dyn Observed>>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], observed.leases()).into_response()
}
