//! Connections to the API server that carry a plugin's writes only while its lease is held.
//!
//! The fence stands at the socket, beneath TLS and HTTP: the last thing before the system call. Three things end a
//! connection: a write after the end of its term (it fails, and what was queued goes with the connection), the end of its
//! term when the process sees it, and the kernel, when what it accepted was not acknowledged in time
//! (`TCP_USER_TIMEOUT`), so that nothing is retransmitted after a partition that outlasted the lease.

use std::future::Future;
use std::io::{Error, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use backplane_core::BoxError;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ClientBuilder, ConfigExt};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tower::Service;

use super::fence::{Fence, Term};

/// An API server, and how clients for it are made.
#[derive(Clone)]
pub struct Cluster {
    config: kube::Config,
}

impl Cluster {
    /// From what a kubeconfig or a Pod's service account says.
    pub fn new(mut config: kube::Config) -> Self {
        // Watches are quiet for minutes; the store has its own limits for everything else.
        config.read_timeout = None;
        // The store retries by itself, with back-off; retries below it would hide what happens.
        config.default_retry = false;
        Self { config }
    }

    /// A client with connections of its own.
    ///
    /// # Errors
    /// A configuration that cannot be used.
    pub fn client(&self) -> std::result::Result<kube::Client, kube::Error> {
        kube::Client::try_from(self.config.clone())
    }

    /// A client whose connections end with the fence's term. `linger` is how long the kernel may go on delivering.
    ///
    /// # Errors
    /// A configuration that cannot be used.
    pub fn fenced(&self, fence: &Fence, linger: Duration) -> std::result::Result<kube::Client, kube::Error> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(self.config.connect_timeout);
        #[cfg(target_os = "linux")]
        http.set_tcp_user_timeout(Some(linger));
        let connector =
            self.config.rustls_https_connector_with_connector(Dial { fence: fence.clone(), inner: http })?;
        let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build(connector);
        let client = ClientBuilder::new(client, self.config.default_namespace.clone())
            .with_layer(&tower::util::MapErrLayer::new(BoxError::from))
            .with_layer(&self.config.extra_headers_layer()?)
            .with_layer(&tower::util::option_layer(self.config.auth_layer()?))
            .with_layer(&self.config.base_uri_layer());
        Ok(client.build())
    }
}

/// Connects only while the lease is held.
#[derive(Clone)]
struct Dial<C> {
    fence: Fence,
    inner: C,
}

impl<C> Service<Uri> for Dial<C>
where
    C: Service<Uri> + Send,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    type Response = Fenced<C::Response>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let term = self.fence.term();
        let connecting = term.is_ok().then(|| self.inner.call(to));
        Box::pin(async move {
            let (term, Some(connecting)) = (term?, connecting) else { return Err(super::Fenced.into()) };
            Ok(Fenced::new(connecting.await.map_err(Into::into)?, term))
        })
    }
}

/// A connection of one term.
struct Fenced<I> {
    io: I,
    term: Term,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<I> Fenced<I> {
    fn new(io: I, term: Term) -> Self {
        let ended = Box::pin(term.ended.clone().cancelled_owned());
        Self { io, term, ended }
    }
}

impl<I: Read + Unpin> Read for Fenced<I> {
    /// Also the place where an idle connection notices that its term has ended, and goes.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<Result<()>> {
        match Pin::new(&mut self.io).poll_read(cx, into) {
            Poll::Pending => self.ended.as_mut().poll(cx).map(|()| Err(Error::other(super::Fenced))),
            ready => ready,
        }
    }
}

impl<I: Write + Unpin> Write for Fenced<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.term.check().map_err(Error::other)?;
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.term.check().map_err(Error::other)?;
        Pin::new(&mut self.io).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<I: Connection> Connection for Fenced<I> {
    fn connected(&self) -> Connected {
        self.io.connected()
    }
}
