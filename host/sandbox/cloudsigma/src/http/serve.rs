//! The listener: accepts connections and can break them, which a framework's own loop cannot.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Dropped;
use crate::cloud::Cloud;

/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A listener of a cloud. Dropping it closes the listener and its connections.
#[derive(Debug)]
pub struct Serving {
    /// Where it listens.
    pub addr: SocketAddr,
    stop: CancellationToken,
    done: tokio::sync::oneshot::Receiver<Infallible>,
    _guard: DropGuard,
}

impl Serving {
    /// Base URL for clients, with the trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}/api/2.0/", self.addr)
    }

    /// Closes the listener and its connections, and waits until they are closed.
    pub async fn stop(self) {
        self.stop.cancel();
        // The sender is never used: it goes when the last task does.
        if let Ok(never) = self.done.await {
            match never {}
        }
    }
}

pub(crate) async fn serve(cloud: Cloud, listen: SocketAddr) -> io::Result<Serving> {
    let listener = TcpListener::bind(listen).await?;
    let addr = listener.local_addr()?;
    let stop = cloud.inner.stop.child_token();
    let (alive, done) = tokio::sync::oneshot::channel();
    let tasks = cloud.inner.tasks.clone();
    tasks.spawn(accept(cloud, listener, stop.clone(), std::sync::Arc::new(alive)));
    Ok(Serving { addr, done, _guard: stop.clone().drop_guard(), stop })
}

type Alive = std::sync::Arc<tokio::sync::oneshot::Sender<Infallible>>;

async fn accept(cloud: Cloud, listener: TcpListener, stop: CancellationToken, alive: Alive) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors, most likely: let others finish first.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (cloud, stop, alive) = (cloud.clone(), stop.clone(), alive.clone());
        cloud.inner.tasks.clone().spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = connection(cloud, stream) => {}
            }
            drop(alive);
        });
    }
}

async fn connection(cloud: Cloud, stream: TcpStream) {
    let service = service_fn(move |request: Request<Incoming>| exchange(cloud.clone(), request));
    // Whatever breaks a connection is the client's to notice.
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        tracing::trace!(%error, "connection ended");
    }
}

async fn exchange(cloud: Cloud, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let response = super::respond(cloud, request.map(Body::new)).await;
    match response.extensions().get::<Dropped>() {
        Some(Dropped) => Err(io::Error::other("connection closed on demand")),
        None => Ok(response),
    }
}
